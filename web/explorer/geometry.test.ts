import { expect, test } from "vitest";
import { onPlane, overPlane } from "./geometry";

const plane = {
  origin: [1, 2, 3],
  axes: [
    [0.6, 0.8, 0],
    [0, 0, 2],
  ] as [number[], number[]],
};

test("a point of the plane is projected onto itself", () => {
  const found = overPlane(plane, onPlane(plane, 1.5, -0.25));
  expect(found.x).toBeCloseTo(1.5, 5);
  expect(found.y).toBeCloseTo(-0.25, 5);
});

test("the component perpendicular to the plane is dropped", () => {
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
