import { expect, test } from "vitest";
import { cloudOf, countsPerClass, finite, placeOf, pointsWhere, thinned } from "./cloud";

const POINTS = Float32Array.from([0, 0, Number.NaN, 1, 4, 2, 1, Number.POSITIVE_INFINITY, 2, 1]);

test("points without finite coordinates are left out and counted, and the others keep their images", () => {
  const cloud = cloudOf(POINTS, Uint8Array.from([3, 4, 5, 6, 7]));
  expect([...cloud.images]).toEqual([0, 2, 4]);
  expect([...cloud.classes]).toEqual([3, 5, 7]);
  expect(cloud.leftOut).toBe(2);
  expect([...cloud.x]).toEqual([-1, 1, 0]);
  expect([...cloud.y]).toEqual([-0.5, 0.5, 0]);
  expect(placeOf(cloud, 1)).toEqual({ x: 1, y: 0.5 });
});

test("no points, no labels and equal coordinates are allowed", () => {
  expect(cloudOf(new Float32Array(), null)).toMatchObject({ count: 0, leftOut: 0 });
  expect(cloudOf(Float32Array.from([Number.NaN, 0]), null)).toMatchObject({ count: 0, leftOut: 1 });
  const equal = cloudOf(Float32Array.from([5, 5, 5, 5]), null);
  expect([...equal.x, ...equal.y, ...equal.classes]).toEqual([0, 0, 0, 0, 0, 0]);
});

test("half a point is ignored", () => {
  expect(finite(Float32Array.from([1, 2, 3]))).toEqual([0]);
});

test("points are found and counted per class", () => {
  const cloud = cloudOf(Float32Array.from([0, 0, 1, 1, 2, 2, 3, 3]), Uint8Array.from([1, 0, 1, 2]));
  const found = pointsWhere(cloud, (point) => point !== 1);
  expect(found).toEqual([0, 2, 3]);
  expect(countsPerClass(cloud.classes, found, 4)).toEqual([0, 2, 1, 0]);
});

test("thinned items are evenly spaced", () => {
  const items = Array.from({ length: 10 }, (_, i) => i);
  expect(thinned(items, 20)).toEqual(items);
  expect(thinned(items, 5)).toEqual([0, 2, 4, 6, 8]);
  for (const most of [1, 3, 7, 9]) {
    expect(thinned(items, most)).toHaveLength(most);
  }
});
