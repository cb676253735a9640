import { expect, test } from "vitest";
import { centerOf, onPlane, overPlane } from "./geometry";

const plane = {
  origin: [1, 2, 3],
  axes: [
    [0.6, 0.8, 0],
    [0, 0, 2],
  ] as [number[], number[]],
};

test("a point of the plane lies over itself", () => {
  const found = overPlane(plane, onPlane(plane, 1.5, -0.25));
  expect(found.x).toBeCloseTo(1.5, 5);
  expect(found.y).toBeCloseTo(-0.25, 5);
});

test("what sticks out of the plane is dropped", () => {
  // (-0.8, 0.6, 0) is perpendicular to both axes.
  const found = overPlane(plane, [1 - 0.8, 2 + 0.6, 3]);
  expect(found.x).toBeCloseTo(0, 6);
  expect(found.y).toBeCloseTo(0, 6);
});

test("a line has one axis", () => {
  const line = { origin: [0], axes: [[1], [0]] as [number[], number[]] };
  expect([...onPlane(line, 0.5, 9)]).toEqual([0.5]);
  expect(overPlane(line, [0.5])).toEqual({ x: 0.5, y: 0 });
});

test("centers are put where their dimensions are", () => {
  const dimensions = [
    { index: 1, klNats: 2, center: 5, scale: 1 },
    { index: 0, klNats: 1, center: -1, scale: 1 },
  ];
  const model = { latentSize: 2, dimensions } as Parameters<typeof centerOf>[0];
  expect([...centerOf(model)]).toEqual([-1, 5]);
});
