import type { Model, Plane } from "./contracts";

/** The code of a point of a map. */
export function onPlane(plane: Plane, x: number, y: number): Float32Array {
  const [across, up] = plane.axes;
  return Float32Array.from(
    plane.origin,
    (from, i) => from + x * (across[i] ?? 0) + y * (up[i] ?? 0),
  );
}

/** The point of a map that a code lies over: the foot of the perpendicular. */
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

/** The code to begin with: the middle of the prior, or of an autoencoder's codes. */
export function centerOf(model: Model): Float32Array {
  const code = new Float32Array(model.latentSize);
  for (const { index, center } of model.dimensions) {
    code[index] = center;
  }
  return code;
}
