import { expect, test } from "vitest";
import { drawNoise, type Random } from "./prior";

/** Park and Miller 1988: enough for moments, and the same in every run. */
function seeded(seed: number): Random {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

test("noise has mean 0 and variance 1", () => {
  const noise = drawNoise(40_000, seeded(7));
  expect(noise).toHaveLength(40_000);
  const mean = (values: Float32Array): number =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  expect(mean(noise)).toBeCloseTo(0, 1);
  expect(mean(noise.map((value) => value ** 2))).toBeCloseTo(1, 1);
  expect(mean(noise.map((value) => value ** 4))).toBeCloseTo(3, 0);
});

test("the ends of the random numbers give finite noise", () => {
  expect(drawNoise(1, () => 0)[0]).toBeCloseTo(0, 9);
  expect(Number.isFinite(drawNoise(1, () => 1 - 2 ** -53)[0])).toBe(true);
});
