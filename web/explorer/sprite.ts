import type { ImagesInfo, Pixels, Sprite } from "./contracts";
import { bytesOf } from "./payloads";

/** Decode the picture of all test images; `url` is a data URL, so that a canvas may read it. */
export async function createSprite(info: ImagesInfo, url: string): Promise<Sprite> {
  const picture = new Image();
  picture.src = url;
  await picture.decode();
  const canvas = document.createElement("canvas");
  canvas.width = info.width;
  canvas.height = info.height;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (context === null) {
    throw new Error("this browser has no canvas");
  }
  const place = (index: number): { x: number; y: number } => ({
    x: (index % info.columns) * info.width,
    y: Math.floor(index / info.columns) * info.height,
  });
  return {
    info,
    labels: info.labels === null ? null : bytesOf(info.labels),
    picture,
    place,
    pixels(index) {
      const { x, y } = place(index);
      const { width, height } = info;
      context.drawImage(picture, x, y, width, height, 0, 0, width, height);
      return fromRgba(context.getImageData(0, 0, width, height).data, info.channels);
    },
  };
}

/** Channels one after the other, from a canvas's bytes. */
export function fromRgba(rgba: Uint8ClampedArray, channels: number): Pixels {
  const count = rgba.length / 4;
  return Float32Array.from(
    { length: channels * count },
    (_, i) => (rgba[(i % count) * 4 + Math.floor(i / count)] ?? 0) / 255,
  );
}

/** The inverse: opaque bytes for a canvas; one channel is shown as grey. */
export function toRgba(pixels: Pixels, channels: number): Uint8ClampedArray<ArrayBuffer> {
  const count = pixels.length / channels;
  const rgba = new Uint8ClampedArray(4 * count);
  for (let i = 0; i < count; i++) {
    for (let channel = 0; channel < 3; channel++) {
      const from = channels === 1 ? i : channel * count + i;
      rgba[4 * i + channel] = Math.round(255 * (pixels[from] ?? 0));
    }
    rgba[4 * i + 3] = 255;
  }
  return rgba;
}
