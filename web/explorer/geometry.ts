import type { Plane } from "./contracts";

/** The code of a point on a map. */
export function onPlane(plane: Plane, x: number, y: number): Float32Array {
  const [first, second] = plane.axes;
  return Float32Array.from(
    plane.origin,
    (from, i) => from + x * (first[i] ?? 0) + y * (second[i] ?? 0),
  );
}

/** A code projected onto a map. */
export function overPlane(plane: Plane, code: ArrayLike<number>): { x: number; y: number } {
  const along = (axis: readonly number[]): number => {
    let product = 0;
    let length = 0;
    for (const [i, value] of axis.entries()) {
      product += value * ((code[i] ?? 0) - (plane.origin[i] ?? 0));
      length += value * value;
    }
    // A latent space of one dimension has no second axis.
    return length === 0 ? 0 : product / length;
  };
  return { x: along(plane.axes[0]), y: along(plane.axes[1]) };
}
