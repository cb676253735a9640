import { expect, test } from "vitest";
import { drawFrom, type Random } from "./prior";

/** Park and Miller 1988: enough for moments, and the same in every run. */
function seeded(seed: number): Random {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

test("draws have the mixture's mean and variance", () => {
  const prior = {
    weights: [0.25, 0.75],
    means: [
      [-2, 1],
      [2, 1],
    ],
    standardDeviations: [
      [0.5, 0.1],
      [1, 0.1],
    ],
  };
  const random = seeded(7);
  const draws = Array.from({ length: 40_000 }, () => drawFrom(prior, random));
  const mean = (values: number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
  const first = draws.map((draw) => draw[0] ?? Number.NaN);
  const second = draws.map((draw) => draw[1] ?? Number.NaN);
  expect(mean(first)).toBeCloseTo(1, 1);
  // Within components 0.25 * 0.25 + 0.75, between them 0.25 * 9 + 0.75 * 1.
  expect(mean(first.map((value) => (value - 1) ** 2))).toBeCloseTo(3.8125, 0);
  expect(mean(second)).toBeCloseTo(1, 2);
  expect(mean(second.map((value) => (value - 1) ** 2))).toBeCloseTo(0.01, 3);
});

test("the ends of the random numbers are numbers too", () => {
  const prior = { weights: [1], means: [[0]], standardDeviations: [[1]] };
  expect(drawFrom(prior, () => 0)[0]).toBe(0);
  expect(Number.isFinite(drawFrom(prior, () => 1 - 2 ** -53)[0])).toBe(true);
});
