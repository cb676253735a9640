import { expect, test } from "vitest";
import { discOf, lay, type Raster } from "./raster";

const RED = [255, 0, 0] as const;
const BLUE = [0, 0, 255] as const;

function empty(width: number, height: number): Raster {
  return { bytes: new Uint8ClampedArray(4 * width * height), width, height };
}

test("a disc is full in the middle and empty in the corners", () => {
  const { side, coverage } = discOf(5);
  expect(side).toBe(5);
  expect(coverage[12]).toBe(1);
  expect(coverage[0]).toBeLessThan(0.5);
  expect(discOf(0.2)).toMatchObject({ side: 1 });
});

test("discs are laid over each other", () => {
  const raster = empty(3, 3);
  lay(raster, discOf(1), 1.5, 1.5, RED, 1);
  expect([...raster.bytes.subarray(16, 20)]).toEqual([255, 0, 0, 255]);
  lay(raster, discOf(1), 1.5, 1.5, BLUE, 0.5);
  expect([...raster.bytes.subarray(16, 20)]).toEqual([128, 0, 128, 255]);
  expect(raster.bytes.filter((byte) => byte > 0)).toHaveLength(3);
});

test("over nothing, the colour is kept and only the opacity is less", () => {
  const raster = empty(1, 1);
  lay(raster, discOf(1), 0.5, 0.5, RED, 0.4);
  expect([...raster.bytes]).toEqual([255, 0, 0, 102]);
});

test("what lies outside is cut off, and wraps around no edge", () => {
  const raster = empty(4, 2);
  lay(raster, discOf(3), 0, 0, RED, 1);
  expect(raster.bytes[3]).toBeGreaterThan(0);
  expect(raster.bytes[15]).toBe(0);
  lay(raster, discOf(3), -50, 1, BLUE, 1);
  lay(raster, discOf(3), 1, 50, BLUE, 1);
  expect(raster.bytes.filter((_, i) => i % 4 === 2).every((blue) => blue === 0)).toBe(true);
});
