/** The interface of what draws the points. */

import { clamp, type Size, type View } from "./transform";

/** Red, green and blue from 0 to 255. */
export type Rgb = readonly [number, number, number];

/** The colors of the classes; one color without labels. */
export type Palette = readonly Rgb[];

export interface Scatter {
  readonly canvas: HTMLCanvasElement;
  resize(size: Size): void;
  /** `unit`: pixels per normalized unit. */
  look(view: View, unit: number): void;
  paint(palette: Palette): void;
  /** Show only these points; null for all. */
  show(points: readonly number[] | null): void;
  /** Highlight these points; null for none. */
  highlight(points: readonly number[] | null): void;
  destroy(): void;
}

export const POINT_OPACITY = 0.75;
/** Share of the opacity that points keep while others are highlighted. */
export const FAINT = 0.2;

/** Diameter of a point in CSS pixels where all are visible: few points are larger. */
export function pointSize(count: number): number {
  return clamp(4 * (10_000 / Math.max(count, 1)) ** 0.2, 2, 9);
}

/** Diameter of a point at a zoom of `scale` half heights of the map per normalized unit. */
export function grown(size: number, scale: number): number {
  return scale > 1 ? (size * Math.asinh(scale)) / Math.asinh(1) : Math.max(size * scale, 1);
}
