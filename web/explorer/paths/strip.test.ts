import { expect, test } from "vitest";
import type { ImagesInfo } from "../contracts";
import { drawStrips, fileName, layoutOf } from "./strip";

function info(width: number, height: number, channels: 1 | 3): ImagesInfo {
  return {
    dataName: "data",
    count: 0,
    channels,
    height,
    width,
    columns: 1,
    labels: null,
    classNames: [],
  };
}

test("images are side by side, with gaps between and none around", () => {
  const { width, height, place } = layoutOf({ width: 28, height: 28 }, 2, 9);
  expect([width, height]).toEqual([9 * 112 + 8 * 4, 2 * 112 + 4]);
  expect(place(0, 0)).toEqual({ x: 0, y: 0 });
  expect(place(1, 8)).toEqual({ x: width - 112, y: height - 112 });
});

test("without rows there is nothing", () => {
  expect(drawStrips([], info(2, 2, 1))).toMatchObject({ width: 0, height: 0 });
});

test("each pixel becomes a square, and the background is transparent", () => {
  const one = Float32Array.from([0, 1]);
  const other = Float32Array.from([0.2, 0.4]);
  const { width, height, data } = drawStrips([[one, other]], info(2, 1, 1));
  expect([width, height]).toEqual([20, 4]);
  const line = Array.from({ length: width }, (_, x) => [...data.slice(4 * x, 4 * x + 4)]);
  const gray = (level: number): number[] => [level, level, level, 255];
  expect(line).toEqual([
    ...new Array(4).fill(gray(0)),
    ...new Array(4).fill(gray(255)),
    ...new Array(4).fill([0, 0, 0, 0]),
    ...new Array(4).fill(gray(51)),
    ...new Array(4).fill(gray(102)),
  ]);
  expect([...data.slice(3 * 4 * width)]).toEqual([...data.slice(0, 4 * width)]);
});

test("colors stay, row below row", () => {
  const red = Float32Array.from([1, 0, 0]);
  const blue = Float32Array.from([0, 0, 1]);
  const { width, data } = drawStrips([[red], [blue]], info(1, 1, 3));
  expect([...data.slice(0, 4)]).toEqual([255, 0, 0, 255]);
  expect([...data.slice(4 * 8 * width, 4 * 8 * width + 4)]).toEqual([0, 0, 255, 255]);
});

test.each([
  [
    ["mlp-vae"],
    "Test image 3, Bag",
    "Your drawing",
    "vaelab-path-mlp-vae-test-image-3-bag-to-your-drawing.png",
  ],
  [["a", "b"], "Crème brûlée.JPG", "x", "vaelab-path-a-b-creme-brulee-jpg-to-x.png"],
  [["../a"], '<script>"', "??", "vaelab-path-a-script-to-end.png"],
  [[], "上着", "T-shirt/top", "vaelab-path-model-start-to-t-shirt-top.png"],
])("file names are safe: %j from %s to %s", (slugs, start, end, name) => {
  expect(fileName(slugs, start, end)).toBe(name);
});

test("file names are short enough for every system", () => {
  const long = "x".repeat(500);
  expect(fileName([long, long], long, long).length).toBeLessThan(200);
});
