import { expect, test } from "vitest";
import { type Cloud, cloudOf, everyPoint } from "./cloud";
import { encloses, nearest, nearestTowards } from "./search";

/** The corners of a square and its middle; normalized coordinates equal the data's. */
const CLOUD: Cloud = cloudOf(Float32Array.from([-1, -1, 1, -1, -1, 1, 1, 1, 0, 0]), null);
const RIGHT = { x: 1, y: 0 };

test("the nearest point within reach is found", () => {
  expect(nearest(CLOUD, { x: 0.9, y: 0.8 }, 0.5, everyPoint)).toBe(3);
  expect(nearest(CLOUD, { x: 0.5, y: 0.6 }, 0.1, everyPoint)).toBe(-1);
});

test("hidden points are not found", () => {
  expect(nearest(CLOUD, { x: 0.9, y: 0.8 }, 9, (point) => point !== 3)).toBe(4);
  expect(nearestTowards(CLOUD, { x: -1, y: -1 }, RIGHT, (point) => point !== 4)).toBe(1);
});

test("a step leads ahead, within 45 degrees", () => {
  expect(nearestTowards(CLOUD, { x: -1, y: -1 }, RIGHT, everyPoint)).toBe(1);
  expect(nearestTowards(CLOUD, { x: 0, y: 0 }, { x: 0, y: 1 }, everyPoint)).toBe(2);
  expect(nearestTowards(CLOUD, { x: 1, y: -1 }, RIGHT, everyPoint)).toBe(-1);
});

test("a step leaves a point whose coordinates are known to more decimals", () => {
  const cloud = cloudOf(Float32Array.from([0, 0, 0.1, 0, 0.7, 0, 3, 0]), null);
  for (const [point, x] of cloud.x.entries()) {
    const nextTo = { x: x - 1e-8, y: 0 };
    expect(nearestTowards(cloud, nextTo, RIGHT, everyPoint)).not.toBe(point);
  }
});

test("no point is found among no or equal points", () => {
  const none = cloudOf(new Float32Array(), null);
  const equal = cloudOf(Float32Array.from([2, 2, 2, 2]), null);
  expect(nearest(none, { x: 0, y: 0 }, 1, everyPoint)).toBe(-1);
  expect(nearestTowards(none, { x: 0, y: 0 }, RIGHT, everyPoint)).toBe(-1);
  expect(nearestTowards(equal, { x: 0, y: 0 }, RIGHT, everyPoint)).toBe(-1);
  expect(nearest(equal, { x: 0, y: 0 }, 1, everyPoint)).toBe(1);
});

test("a polygon encloses its inside, also around dents", () => {
  const dented = [
    { x: 0, y: 0 },
    { x: 4, y: 0 },
    { x: 4, y: 4 },
    { x: 2, y: 1 },
    { x: 0, y: 4 },
  ];
  expect(encloses(dented, { x: 1, y: 1 })).toBe(true);
  expect(encloses(dented, { x: 2, y: 3 })).toBe(false);
  expect(encloses(dented, { x: 5, y: 1 })).toBe(false);
  expect(encloses([], { x: 0, y: 0 })).toBe(false);
});
