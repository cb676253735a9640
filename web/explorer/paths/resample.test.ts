import { expect, test } from "vitest";
import { type Area, boxResample, centerCrop, type Plane, shares } from "./resample";

function plane(width: number, values: number[]): Plane {
  return { values: Float64Array.from(values), width, height: values.length / width };
}

function whole({ width, height }: Plane): Area {
  return { x: 0, y: 0, width, height };
}

function mean(values: ArrayLike<number>): number {
  return Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;
}

test("a constant stays constant at any ratio", () => {
  const flat = plane(7, new Array(7 * 5).fill(0.3));
  for (const [width, height] of [
    [28, 28],
    [3, 2],
    [7, 5],
    [1, 1],
  ] as const) {
    const small = boxResample(flat, whole(flat), width, height);
    expect(small).toHaveLength(width * height);
    for (const value of small) {
      expect(value).toBeCloseTo(0.3, 6);
    }
  }
});

test("blocks of two by two become their means", () => {
  const source = plane(4, [1, 3, 0, 0, 5, 7, 0, 4, 0, 0, 8, 8, 0, 0, 8, 8]);
  expect([...boxResample(source, whole(source), 2, 2)]).toEqual([4, 1, 0, 8]);
});

test("the same size changes nothing, and a smaller source is repeated", () => {
  const source = plane(2, [1, 0, 0.25, 0.5]);
  expect([...boxResample(source, whole(source), 2, 2)]).toEqual([1, 0, 0.25, 0.5]);
  expect([...boxResample(source, whole(source), 4, 2)]).toEqual([1, 1, 0, 0, 0.25, 0.25, 0.5, 0.5]);
});

test("pixels on an edge count partly", () => {
  const line = plane(3, [0, 3, 9]);
  const small = boxResample(line, whole(line), 2, 1);
  expect(small[0]).toBeCloseTo((0 + 3 / 2) / 1.5, 6);
  expect(small[1]).toBeCloseTo((3 / 2 + 9) / 1.5, 6);
});

test.each([
  [101, 67, 28, 28],
  [30, 29, 28, 28],
  [5, 9, 28, 28],
])("the mean survives the way from %d x %d to %d x %d", (width, height, toWidth, toHeight) => {
  const values = Array.from({ length: width * height }, (_, i) => ((i * 7919) % 256) / 255);
  const source = plane(width, values);
  expect(mean(boxResample(source, whole(source), toWidth, toHeight))).toBeCloseTo(mean(values), 6);
});

test("only the area counts, also where it starts between pixels", () => {
  const line = plane(4, [100, 2, 4, 100]);
  expect([...boxResample(line, { x: 1, y: 0, width: 2, height: 1 }, 2, 1)]).toEqual([2, 4]);
  expect([...boxResample(line, { x: 1.5, y: 0, width: 1, height: 1 }, 1, 1)]).toEqual([3]);
});

test("the weights of each cell sum to one", () => {
  for (const { weights } of shares(0.35, 99.3, 28)) {
    expect(weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 9);
  }
});

test("the crop is the largest in the middle with the target's aspect ratio", () => {
  const square = { width: 28, height: 28 };
  expect(centerCrop({ width: 100, height: 60 }, square)).toEqual({
    x: 20,
    y: 0,
    width: 60,
    height: 60,
  });
  expect(centerCrop({ width: 61, height: 100 }, square)).toMatchObject({ x: 0, y: 19.5 });
  expect(centerCrop({ width: 40, height: 40 }, { width: 2, height: 4 })).toEqual({
    x: 10,
    y: 0,
    width: 20,
    height: 40,
  });
});
