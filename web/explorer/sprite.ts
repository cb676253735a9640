import type { ImagesInfo, Pixels, Sprite } from "./contracts";
import { bytesOf } from "./payloads";

/** Decode the picture of all test images; `url` is a data URL, so that a canvas may read it. */
export async function createSprite(info: ImagesInfo, url: string): Promise<Sprite> {
  const stored = new Image();
  stored.src = url;
  await stored.decode();
  const { columns, width, height } = info;
  const tileHeight = isShownAsStored(info.channels) ? height : info.channels * height;
  const context = contextOf(width, tileHeight);
  const placeIn = (index: number, rowHeight: number): { x: number; y: number } => ({
    x: (index % columns) * width,
    y: Math.floor(index / columns) * rowHeight,
  });

  function pixels(index: number): Pixels {
    const { x, y } = placeIn(index, tileHeight);
    context.drawImage(stored, x, y, width, tileHeight, 0, 0, width, tileHeight);
    const { data } = context.getImageData(0, 0, width, tileHeight);
    return fromRgba(data, isShownAsStored(info.channels) ? info.channels : 1);
  }

  const place = (index: number): { x: number; y: number } => placeIn(index, height);
  return {
    info,
    labels: info.labels === null ? null : bytesOf(info.labels),
    picture: isShownAsStored(info.channels) ? stored : pictureOf(info, pixels, place),
    place,
    pixels,
  };
}

/** Gray and RGB images are shown as they are, others as the mean over their channels. */
export function isShownAsStored(channels: number): boolean {
  return channels === 1 || channels === 3;
}

/** A sentence about images that are not shown as they are; null for others. */
export function channelNote(channels: number): string | null {
  return isShownAsStored(channels)
    ? null
    : `Images of ${channels} channels are shown as the mean over channels.`;
}

/** All images as they are shown. */
function pictureOf(
  info: ImagesInfo,
  pixels: (index: number) => Pixels,
  place: (index: number) => { x: number; y: number },
): HTMLCanvasElement {
  const rows = Math.ceil(info.count / info.columns);
  const context = contextOf(info.columns * info.width, rows * info.height);
  for (let index = 0; index < info.count; index++) {
    const { x, y } = place(index);
    const rgba = toRgba(pixels(index), info.channels);
    context.putImageData(new ImageData(rgba, info.width, info.height), x, y);
  }
  return context.canvas;
}

function contextOf(width: number, height: number): CanvasRenderingContext2D {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (context === null) {
    throw new Error("this browser has no canvas");
  }
  return context;
}

/** Channels one after the other, from a canvas's bytes. */
export function fromRgba(rgba: Uint8ClampedArray, channels: number): Pixels {
  const count = rgba.length / 4;
  return Float32Array.from(
    { length: channels * count },
    (_, i) => (rgba[(i % count) * 4 + Math.floor(i / count)] ?? 0) / 255,
  );
}

/** Opaque bytes for a canvas; other images than RGB are shown in gray, as the mean of channels. */
export function toRgba(pixels: Pixels, channels: number): Uint8ClampedArray<ArrayBuffer> {
  const count = pixels.length / channels;
  const rgba = new Uint8ClampedArray(4 * count);
  for (let i = 0; i < count; i++) {
    for (let color = 0; color < 3; color++) {
      const value = channels === 3 ? (pixels[color * count + i] ?? 0) : mean(pixels, i, count);
      rgba[4 * i + color] = Math.round(255 * value);
    }
    rgba[4 * i + 3] = 255;
  }
  return rgba;
}

/** Over channels, of one place in the image; `count` is the number of places. */
function mean(pixels: Pixels, place: number, count: number): number {
  let sum = 0;
  for (let i = place; i < pixels.length; i += count) {
    sum += pixels[i] ?? 0;
  }
  return (sum * count) / pixels.length;
}
