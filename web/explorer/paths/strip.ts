/** All interpolations as one picture for download. */

import type { ImagesInfo, Pixels } from "../contracts";
import { toRgba } from "../sprite";

export const SCALE = 4;
export const GAP = 4;
const LONGEST_PART = 48;

export interface Layout {
  width: number;
  height: number;
  place(row: number, step: number): { x: number; y: number };
}

/** One row for each model, one column for each step; gaps between, none around. */
export function layoutOf(
  image: { width: number; height: number },
  rows: number,
  steps: number,
): Layout {
  const across = SCALE * image.width + GAP;
  const down = SCALE * image.height + GAP;
  return {
    width: Math.max(steps * across - GAP, 0),
    height: Math.max(rows * down - GAP, 0),
    place: (row, step) => ({ x: step * across, y: row * down }),
  };
}

/** Each pixel becomes a square of the same color; the background is transparent. */
export function drawStrips(
  rows: readonly (readonly Pixels[])[],
  info: ImagesInfo,
): { width: number; height: number; data: Uint8ClampedArray<ArrayBuffer> } {
  const steps = Math.max(0, ...rows.map((images) => images.length));
  const { width, height, place } = layoutOf(info, rows.length, steps);
  const data = new Uint8ClampedArray(4 * width * height);
  for (const [row, images] of rows.entries()) {
    for (const [step, pixels] of images.entries()) {
      const corner = place(row, step);
      const rgba = toRgba(pixels, info.channels);
      for (let y = 0; y < SCALE * info.height; y++) {
        for (let x = 0; x < SCALE * info.width; x++) {
          const from = Math.floor(y / SCALE) * info.width + Math.floor(x / SCALE);
          const to = (corner.y + y) * width + corner.x + x;
          data.set(rgba.subarray(4 * from, 4 * from + 4), 4 * to);
        }
      }
    }
  }
  return { width, height, data };
}

/** A file name that is valid on every system. */
export function fileName(slugs: readonly string[], start: string, end: string): string {
  const [models, from, to] = [slugs.join("-"), start, end].map(plain);
  return `vaelab-path-${models || "model"}-${from || "start"}-to-${to || "end"}.png`;
}

/** Lower-case letters and digits, separated by hyphens, without accents. */
function plain(text: string): string {
  return text
    .normalize("NFKD")
    .replace(/\p{Mark}/gu, "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, LONGEST_PART)
    .replace(/^-+|-+$/g, "");
}
