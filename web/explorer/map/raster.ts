/** Draws discs into the bytes of an image, which is far faster than canvas calls for thousands. */

import type { Rgb } from "./scatter";

export interface Raster {
  /** Opacity, blue, green and red of each pixel from the highest byte to the lowest, row by row. */
  pixels: Uint32Array;
  width: number;
  height: number;
}

/** A square of coverages from 0 to 1. */
export interface Disc {
  side: number;
  coverage: Float32Array;
}

/** The pixels of a canvas's bytes, red first: every machine with a browser is little-endian. */
export function rasterOf(image: ImageData): Raster {
  const { data, width, height } = image;
  return { pixels: new Uint32Array(data.buffer), width, height };
}

/** A disc with soft edges, of this diameter in pixels. */
export function discOf(diameter: number): Disc {
  const side = Math.max(1, Math.ceil(diameter));
  const middle = (side - 1) / 2;
  const coverage = Float32Array.from({ length: side * side }, (_, i) => {
    const distance = Math.hypot((i % side) - middle, Math.floor(i / side) - middle);
    return Math.min(Math.max(diameter / 2 + 0.5 - distance, 0), 1);
  });
  return { side, coverage };
}

/** Draw a disc with its middle at a place; parts outside of the image are cut off. */
export function drawDisc(
  { pixels, width, height }: Raster,
  { side, coverage }: Disc,
  x: number,
  y: number,
  color: Rgb,
  opacity: number,
): void {
  const left = Math.round(x - side / 2);
  const top = Math.round(y - side / 2);
  const lastRow = Math.min(side, height - top);
  const lastColumn = Math.min(side, width - left);
  for (let row = Math.max(0, -top); row < lastRow; row++) {
    const [from, to] = [row * side, (top + row) * width + left];
    for (let column = Math.max(0, -left); column < lastColumn; column++) {
      const covered = opacity * (coverage[from + column] ?? 0);
      if (covered > 0) {
        pixels[to + column] = over(pixels[to + column] ?? 0, color, covered);
      }
    }
  }
}

/** A color over a pixel. */
function over(pixel: number, [red, green, blue]: Rgb, opacity: number): number {
  const both = opacity + (1 - opacity) * ((pixel >>> 24) / 255);
  const share = opacity / both;
  return (
    (byte(255 * both) << 24) |
    (mixed((pixel >> 16) & 255, blue, share) << 16) |
    (mixed((pixel >> 8) & 255, green, share) << 8) |
    mixed(pixel & 255, red, share)
  );
}

function mixed(below: number, above: number, share: number): number {
  return byte(below + (above - below) * share);
}

function byte(value: number): number {
  return (value + 0.5) | 0;
}
