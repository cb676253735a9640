/** The straight line from one code to another. */

import type { Condition } from "../contracts";

export interface Waypoint {
  code: Float32Array;
  condition: Condition;
}

/** Both ends, encoded by one model. */
export interface Path {
  start: Waypoint;
  end: Waypoint;
}

/** Positions from 0 to 1 in equal steps, both included. */
export function timesOf(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i / (count - 1));
}

/** The points of a path at `times`, one after the other, for the decoder. */
export function pointsAt(path: Path, times: readonly number[]): Waypoint {
  const { start, end } = path;
  return {
    code: between(start.code, end.code, times),
    condition:
      start.condition === null || end.condition === null
        ? null
        : between(start.condition, end.condition, times),
  };
}

/** (1 - t) start + t end, for each t. */
export function between(
  start: Float32Array,
  end: Float32Array,
  times: readonly number[],
): Float32Array {
  const size = start.length;
  const points = new Float32Array(size * times.length);
  for (const [row, t] of times.entries()) {
    for (let i = 0; i < size; i++) {
      points[row * size + i] = (1 - t) * (start[i] ?? 0) + t * (end[i] ?? 0);
    }
  }
  return points;
}

/** Part `index` of `count` equal parts. */
export function partOf(values: Float32Array, index: number, count: number): Float32Array {
  const size = values.length / count;
  return values.slice(index * size, (index + 1) * size);
}

/** One of `count` points. */
export function pointOf(points: Waypoint, index: number, count: number): Waypoint {
  const { code, condition } = points;
  return {
    code: partOf(code, index, count),
    condition: condition === null ? null : partOf(condition, index, count),
  };
}
