import { expect, test } from "vitest";
import { discOf, drawDisc, rasterOf } from "./raster";

const RED = [255, 0, 0] as const;
const BLUE = [0, 0, 255] as const;

/** As a canvas stores them; there is no canvas here. */
function empty(width: number, height: number): ImageData {
  return { data: new Uint8ClampedArray(4 * width * height), width, height } as ImageData;
}

test("a disc is full in the middle and empty in the corners", () => {
  const { side, coverage } = discOf(5);
  expect(side).toBe(5);
  expect(coverage[12]).toBe(1);
  expect(coverage[0]).toBeLessThan(0.5);
  expect(discOf(0.2)).toMatchObject({ side: 1 });
});

test("discs cover each other", () => {
  const image = empty(3, 3);
  drawDisc(rasterOf(image), discOf(1), 1.5, 1.5, RED, 1);
  expect([...image.data.subarray(16, 20)]).toEqual([255, 0, 0, 255]);
  drawDisc(rasterOf(image), discOf(1), 1.5, 1.5, BLUE, 0.5);
  expect([...image.data.subarray(16, 20)]).toEqual([128, 0, 128, 255]);
  expect(image.data.filter((byte) => byte > 0)).toHaveLength(3);
});

test("on an empty image the color stays and only the opacity is lower", () => {
  const image = empty(1, 1);
  drawDisc(rasterOf(image), discOf(1), 0.5, 0.5, RED, 0.4);
  expect([...image.data]).toEqual([255, 0, 0, 102]);
});

test("parts outside are cut off and do not wrap around", () => {
  const image = empty(4, 2);
  drawDisc(rasterOf(image), discOf(3), 0, 0, RED, 1);
  expect(image.data[3]).toBeGreaterThan(0);
  expect(image.data[15]).toBe(0);
  drawDisc(rasterOf(image), discOf(3), -50, 1, BLUE, 1);
  drawDisc(rasterOf(image), discOf(3), 1, 50, BLUE, 1);
  expect(image.data.filter((_, i) => i % 4 === 2).every((blue) => blue === 0)).toBe(true);
});
