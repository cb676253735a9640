/** A number in [0, 1). */
export type Random = () => number;

/** Standard normal noise (Box and Muller 1958), from which a model's prior makes a code. */
export function drawNoise(size: number, random: Random): Float32Array {
  return Float32Array.from({ length: size }, () => gaussian(random));
}

function gaussian(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
