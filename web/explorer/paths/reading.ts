/** Reads uploaded pictures in any format that the browser supports. */

import type { Bytes } from "./resample";

/** Larger pictures are reduced to this, because the size of canvases is limited. */
const LARGEST_SIDE = 2048;

/** Rejects where `file` is not an image; an `img` reads more formats than a bitmap does. */
export async function readPicture(file: Blob): Promise<Bytes> {
  const url = URL.createObjectURL(file);
  try {
    const image = new Image();
    image.src = url;
    await image.decode();
    return bytesOf(image);
  } finally {
    URL.revokeObjectURL(url);
  }
}

function bytesOf(image: HTMLImageElement): Bytes {
  const { naturalWidth, naturalHeight } = image;
  if (naturalWidth === 0 || naturalHeight === 0) {
    throw new Error("the image has no size");
  }
  const scale = Math.min(1, LARGEST_SIDE / Math.max(naturalWidth, naturalHeight));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(scale * naturalWidth));
  canvas.height = Math.max(1, Math.round(scale * naturalHeight));
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (context === null) {
    throw new Error("this browser has no canvas");
  }
  context.imageSmoothingQuality = "high";
  context.drawImage(image, 0, 0, canvas.width, canvas.height);
  return context.getImageData(0, 0, canvas.width, canvas.height);
}
