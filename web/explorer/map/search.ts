/**
 * Searches for points. A pass over ten thousand takes a tenth of a millisecond, far less than
 * drawing them: a spatial index would save nothing.
 */

import type { Cloud, Shown } from "./cloud";
import type { Place } from "./transform";

/** Normalized places nearer than this are the same: coordinates have 32 bits. */
const SAME = 1e-6;

/** Cost of a distance sideways, relative to the same distance ahead. */
const SIDEWAYS = 2;

/** The shown point nearest to a normalized place, within `radius`; -1 if there is none. */
export function nearest(cloud: Cloud, place: Place, radius: number, shown: Shown): number {
  let found = -1;
  let least = radius * radius;
  for (let point = 0; point < cloud.count; point++) {
    const x = (cloud.x[point] ?? 0) - place.x;
    const y = (cloud.y[point] ?? 0) - place.y;
    const squared = x * x + y * y;
    if (squared <= least && shown(point)) {
      least = squared;
      found = point;
    }
  }
  return found;
}

/**
 * The shown point that a step from a place leads to, within 45 degrees of a direction (a unit
 * vector); -1 if there is none.
 */
export function nearestTowards(cloud: Cloud, from: Place, to: Place, shown: Shown): number {
  let found = -1;
  let least = Number.POSITIVE_INFINITY;
  for (let point = 0; point < cloud.count; point++) {
    const x = (cloud.x[point] ?? 0) - from.x;
    const y = (cloud.y[point] ?? 0) - from.y;
    const ahead = x * to.x + y * to.y;
    const sideways = Math.abs(x * to.y - y * to.x);
    const cost = ahead + SIDEWAYS * sideways;
    if (ahead > SAME && sideways <= ahead && cost < least && shown(point)) {
      least = cost;
      found = point;
    }
  }
  return found;
}

/** Whether a place is inside a polygon, by the even-odd rule. */
export function encloses(polygon: readonly Place[], { x, y }: Place): boolean {
  let inside = false;
  let last = polygon[polygon.length - 1];
  for (const corner of polygon) {
    if (last !== undefined && corner.y > y !== last.y > y) {
      const crossing = corner.x + ((y - corner.y) * (last.x - corner.x)) / (last.y - corner.y);
      inside = x < crossing ? !inside : inside;
    }
    last = corner;
  }
  return inside;
}
