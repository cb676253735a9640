import { expect, test } from "vitest";
import { fromRgba, toRgba } from "./sprite";

test("grey and colour images survive the way to a canvas and back", () => {
  for (const channels of [1, 3]) {
    const pixels = Float32Array.from({ length: channels * 12 }, (_, i) => ((i * 37) % 256) / 255);
    const rgba = toRgba(pixels, channels);
    expect(rgba).toHaveLength(48);
    expect([...fromRgba(rgba, channels)]).toEqual([...pixels]);
  }
});

test("grey is shown as grey, and what lies outside is cut off", () => {
  expect([...toRgba(Float32Array.from([0, 1, 1.2, -0.1]), 1)]).toEqual([
    0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 255,
  ]);
});
