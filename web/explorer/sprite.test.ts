import { expect, test } from "vitest";
import { channelNote, fromRgba, toRgba } from "./sprite";

test("gray and RGB images survive the way to a canvas and back", () => {
  for (const channels of [1, 3]) {
    const pixels = Float32Array.from({ length: channels * 12 }, (_, i) => ((i * 37) % 256) / 255);
    const rgba = toRgba(pixels, channels);
    expect(rgba).toHaveLength(48);
    expect([...fromRgba(rgba, channels)]).toEqual([...pixels]);
    expect(channelNote(channels)).toBeNull();
  }
});

test("gray is shown as gray, and values outside [0, 1] are clipped", () => {
  expect([...toRgba(Float32Array.from([0, 1, 1.2, -0.1]), 1)]).toEqual([
    0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 255,
  ]);
});

test("images of other channel counts are shown as the mean over channels", () => {
  const [black, gray] = [0, 0.5];
  const pixels = Float32Array.from([black, 1, black, 1, 1, gray, black, 1, gray, 1]);
  expect([...toRgba(pixels, 5)]).toEqual([77, 77, 77, 255, 230, 230, 230, 255]);
  expect(channelNote(5)).toContain("5 channels");
});
