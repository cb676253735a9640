import type { Mixture } from "./contracts";

/** A number in [0, 1). */
export type Random = () => number;

/** A draw from the prior: a component by its weight, then a Gaussian. */
export function drawFrom(prior: Mixture, random: Random): Float32Array {
  const component = pick(prior.weights, random());
  const means = prior.means[component] ?? [];
  const deviations = prior.standardDeviations[component] ?? [];
  return Float32Array.from(means, (mean, i) => mean + (deviations[i] ?? 0) * gaussian(random));
}

/** The index whose share of the weights holds `level`, in [0, 1). */
function pick(weights: readonly number[], level: number): number {
  let left = level * weights.reduce((sum, weight) => sum + weight, 0);
  for (const [index, weight] of weights.entries()) {
    left -= weight;
    if (left < 0) {
      return index;
    }
  }
  return weights.length - 1;
}

/** Box and Muller 1958. */
function gaussian(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
