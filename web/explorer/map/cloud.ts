/** The points of a map that have finite coordinates. */

import { type Frame, frameOf, type Place } from "./transform";

export interface Cloud {
  readonly count: number;
  /** The image of each point. */
  readonly images: Uint32Array;
  /** Normalized coordinates. */
  readonly x: Float32Array;
  readonly y: Float32Array;
  /** The class of each point; 0 without labels. */
  readonly classes: Uint8Array;
  readonly frame: Frame;
  /** Number of images that were left out, because their coordinates are not finite. */
  readonly leftOut: number;
}

/** Whether a point is shown. */
export type Shown = (point: number) => boolean;

export const everyPoint: Shown = () => true;

/** Points (N times 2) with their classes, normalized; those that are not finite are left out. */
export function cloudOf(points: Float32Array, labels: Uint8Array | null): Cloud {
  const total = Math.floor(points.length / 2);
  const images = Uint32Array.from(finite(points));
  const dataX = Float32Array.from(images, (image) => points[2 * image] ?? 0);
  const dataY = Float32Array.from(images, (image) => points[2 * image + 1] ?? 0);
  const frame = frameOf(dataX, dataY);
  return {
    count: images.length,
    images,
    x: dataX.map((value) => (value - frame.center.x) / frame.scale),
    y: dataY.map((value) => (value - frame.center.y) / frame.scale),
    classes: Uint8Array.from(images, (image) => labels?.[image] ?? 0),
    frame,
    leftOut: total - images.length,
  };
}

/** The indices of the points with finite coordinates. */
export function finite(points: Float32Array): number[] {
  const found: number[] = [];
  for (let i = 0; 2 * i + 1 < points.length; i++) {
    if (Number.isFinite(points[2 * i]) && Number.isFinite(points[2 * i + 1])) {
      found.push(i);
    }
  }
  return found;
}

/** The normalized coordinates of a point. */
export function placeOf(cloud: Cloud, point: number): Place {
  return { x: cloud.x[point] ?? 0, y: cloud.y[point] ?? 0 };
}

/** All points that meet a condition, in order. */
export function pointsWhere(cloud: Cloud, holds: (point: number) => boolean): number[] {
  const found: number[] = [];
  for (let point = 0; point < cloud.count; point++) {
    if (holds(point)) {
      found.push(point);
    }
  }
  return found;
}

/** Number of points of each class. */
export function countsPerClass(
  classes: Uint8Array,
  points: readonly number[],
  classCount: number,
): number[] {
  const counts = new Array<number>(classCount).fill(0);
  for (const point of points) {
    const label = classes[point] ?? 0;
    counts[label] = (counts[label] ?? 0) + 1;
  }
  return counts;
}

/** At most `most` of the items, evenly spaced. */
export function thinned<Item>(items: readonly Item[], most: number): Item[] {
  if (items.length <= most) {
    return [...items];
  }
  return items.filter(
    (_, i) => Math.floor((i * most) / items.length) !== Math.floor(((i - 1) * most) / items.length),
  );
}
