import { expect, test } from "vitest";
import { between, type Path, pointOf, pointsAt, timesOf } from "./walk";

const PATH: Path = {
  start: { code: Float32Array.from([0, 4]), condition: Float32Array.from([1, 0, 0]) },
  end: { code: Float32Array.from([2, 0]), condition: Float32Array.from([0, 0, 1]) },
};

test("times are equally far apart, from 0 to 1", () => {
  expect(timesOf(5)).toEqual([0, 0.25, 0.5, 0.75, 1]);
  for (let count = 5; count <= 15; count++) {
    const times = timesOf(count);
    expect(times).toHaveLength(count);
    expect([times[0], times.at(-1)]).toEqual([0, 1]);
  }
});

test("codes and classes are interpolated together", () => {
  const points = pointsAt(PATH, timesOf(5));
  expect([...points.code]).toEqual([0, 4, 0.5, 3, 1, 2, 1.5, 1, 2, 0]);
  expect([...(points.condition ?? [])]).toEqual([
    1, 0, 0, 0.75, 0, 0.25, 0.5, 0, 0.5, 0.25, 0, 0.75, 0, 0, 1,
  ]);
});

test("both ends are exact", () => {
  const [start, end] = [Float32Array.from([0.1, -3.7]), Float32Array.from([1 / 3, 1e6])];
  expect([...between(start, end, [0])]).toEqual([...start]);
  expect([...between(start, end, [1])]).toEqual([...end]);
});

test("without classes there is no condition", () => {
  const path = {
    start: { ...PATH.start, condition: null },
    end: { ...PATH.end, condition: null },
  };
  expect(pointsAt(path, [0, 1]).condition).toBeNull();
  expect(pointOf(pointsAt(path, [0, 1]), 1, 2)).toEqual({
    code: Float32Array.from([2, 0]),
    condition: null,
  });
});

test("one point of many", () => {
  const { code, condition } = pointOf(pointsAt(PATH, timesOf(5)), 3, 5);
  expect([...code]).toEqual([1.5, 1]);
  expect([...(condition ?? [])]).toEqual([0.25, 0, 0.75]);
});
