/** Offers a picture as a download, also from a page on disk. */

/** Some browsers read the blob only after the click was handled. */
const REVOKE_AFTER_MS = 10_000;

export async function savePng(
  picture: { width: number; height: number; data: Uint8ClampedArray<ArrayBuffer> },
  name: string,
): Promise<void> {
  const canvas = document.createElement("canvas");
  canvas.width = picture.width;
  canvas.height = picture.height;
  const context = canvas.getContext("2d");
  if (context === null) {
    throw new Error("this browser has no canvas");
  }
  context.putImageData(new ImageData(picture.data, picture.width, picture.height), 0, 0);
  const blob = await new Promise<Blob | null>((resolve) => {
    canvas.toBlob(resolve, "image/png");
  });
  if (blob === null) {
    throw new Error("this browser cannot write PNG");
  }
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), REVOKE_AFTER_MS);
}
