import { expect, test } from "vitest";
import { cellSide, pickAt, picksOf, tilesBetween } from "./cells";
import { cloudOf, everyPoint } from "./cloud";

const CORNERS = [{ x: -1, y: -1 } as const, { x: 1, y: 1 } as const] as const;

/** A regular grid of 101 times 101 points. */
const CLOUD = cloudOf(
  Float32Array.from({ length: 2 * 101 * 101 }, (_, i) =>
    i % 2 === 0 ? ((i / 2) % 101) - 50 : Math.floor(i / 2 / 101) - 50,
  ),
  null,
);

test("cells have about the requested size at every zoom", () => {
  for (const unit of [3, 28, 200, 345, 5e4]) {
    const pixels = cellSide(unit, 28) * unit;
    expect(pixels).toBeGreaterThanOrEqual(28 - 1e-9);
    expect(pixels).toBeLessThan(34);
  }
});

test("each cell has at most one image, which is inside the cell", () => {
  const picks = picksOf(CLOUD, 0.125, everyPoint);
  const tiles = tilesBetween(picks, ...CORNERS);
  expect(new Set(tiles.map((tile) => `${tile.center.x} ${tile.center.y}`)).size).toBe(tiles.length);
  for (const { point, center } of tiles) {
    expect(Math.abs((CLOUD.x[point] ?? 9) - center.x)).toBeLessThanOrEqual(0.0625 + 1e-6);
    expect(Math.abs((CLOUD.y[point] ?? 9) - center.y)).toBeLessThanOrEqual(0.0625 + 1e-6);
  }
  expect(tiles).toHaveLength(17 * 17);
});

test("the image of a cell is the one in its middle", () => {
  const cloud = cloudOf(Float32Array.from([-1, -1, 0.1, 0.1, 0.5, 0.6, 1, 1]), null);
  const picks = picksOf(cloud, 0.99, everyPoint);
  expect(pickAt(picks, { x: 0.05, y: 0.9 })).toBe(2);
  expect(pickAt(picks, { x: -0.5, y: 0.5 })).toBe(-1);
});

test("smaller cells show more images, and hidden ones are skipped", () => {
  const far = picksOf(CLOUD, 0.25, everyPoint).byCell.size;
  const near = picksOf(CLOUD, 0.05, everyPoint).byCell.size;
  expect(near).toBeGreaterThan(far);
  expect(picksOf(CLOUD, 0.25, () => false).byCell.size).toBe(0);
});

test("only visible tiles are returned", () => {
  const picks = picksOf(CLOUD, 0.125, everyPoint);
  const tiles = tilesBetween(picks, { x: 0, y: 0 }, { x: 0.2, y: 0.2 });
  expect(tiles).toHaveLength(4);
});
