/** What draws the points: they are many, and only it knows how. */

import { clamp, type Size, type View } from "./transform";

/** Red, green and blue from 0 to 255. */
export type Rgb = readonly [number, number, number];

/** The colours of the classes; one alone without labels. */
export type Palette = readonly Rgb[];

export interface Scatter {
  readonly canvas: HTMLCanvasElement;
  resize(size: Size): void;
  /** `unit`: pixels per normalised unit. */
  look(view: View, unit: number): void;
  paint(palette: Palette): void;
  /** Show only these points; null: all of them. */
  show(points: readonly number[] | null): void;
  /** Make these points stand out; null: none does. */
  stress(points: readonly number[] | null): void;
  destroy(): void;
}

export const POINT_OPACITY = 0.75;
/** What remains of the opacity of points that do not stand out. */
export const FAINT = 0.2;

/** Of points, in CSS pixels, when all of them are in sight: few may be large. */
export function pointSize(count: number): number {
  return clamp(4 * (10_000 / Math.max(count, 1)) ** 0.2, 2, 9);
}

/** How large points are drawn, at so many half heights of the map per normalised unit. */
export function grown(size: number, scale: number): number {
  return scale > 1 ? (size * Math.asinh(scale)) / Math.asinh(1) : Math.max(size * scale, 1);
}
