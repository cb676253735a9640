import { expect, test } from "vitest";
import {
  frameOf,
  fromPixels,
  HOME,
  matrixOf,
  panned,
  REACH,
  reaching,
  toData,
  toNormalized,
  toPixels,
  unitOf,
  ZOOMS,
  zoomed,
} from "./transform";

const SIZE = { width: 600, height: 400 };
const VIEW = { x: 0.25, y: -0.5, zoom: 3 };

test("the longer side is from -1 to 1, and both axes have the same scale", () => {
  const frame = frameOf([-2, 6], [1, 3]);
  expect(frame).toEqual({ center: { x: 2, y: 2 }, scale: 4, span: { x: 1, y: 0.25 } });
  expect(toNormalized(frame, { x: -2, y: 3 })).toEqual({ x: -1, y: 0.25 });
});

test("no points, one point and equal points have a frame of a unit around them", () => {
  expect(frameOf([], [])).toEqual({ center: { x: 0, y: 0 }, scale: 1, span: { x: 1, y: 1 } });
  expect(frameOf([3], [4])).toEqual({ center: { x: 3, y: 4 }, scale: 1, span: { x: 1, y: 1 } });
  expect(frameOf([3, 3], [4, 4])).toEqual(frameOf([3], [4]));
});

test("data and pixels survive the way to normalized coordinates and back", () => {
  const frame = frameOf([-2, 6], [1, 3]);
  const place = { x: 1.5, y: 2.25 };
  expect(toData(frame, toNormalized(frame, place))).toEqual(place);
  const unit = unitOf(frame.span, SIZE, VIEW.zoom);
  const back = fromPixels(VIEW, unit, SIZE, toPixels(VIEW, unit, SIZE, place));
  expect(back.x).toBeCloseTo(place.x, 12);
  expect(back.y).toBeCloseTo(place.y, 12);
});

test("at first all points are visible, whichever side of the map is short", () => {
  for (const size of [SIZE, { width: 300, height: 500 }]) {
    for (const span of [
      { x: 1, y: 1 },
      { x: 1, y: 0 },
      { x: 0.3, y: 1 },
    ]) {
      const corner = toPixels(HOME, unitOf(span, size, 1), size, span);
      expect(corner.x).toBeGreaterThan(0);
      expect(corner.x).toBeLessThan(size.width);
      expect(corner.y).toBeGreaterThan(0);
      expect(corner.y).toBeLessThan(size.height);
    }
  }
});

test("upwards on the map is upwards on the screen", () => {
  expect(toPixels(HOME, 100, SIZE, { x: 0.5, y: 0.5 })).toEqual({ x: 350, y: 150 });
});

test("panning moves places by the same number of pixels, and stops a little past the frame", () => {
  const moved = panned(VIEW, 100, 20, -10);
  expect(toPixels(moved, 100, SIZE, { x: 0, y: 0 })).toEqual({ x: 295, y: 140 });
  expect(panned(VIEW, 100, -1e6, 1e6)).toEqual({ x: REACH, y: REACH, zoom: 3 });
});

test("zooming keeps the place under the pointer, within limits", () => {
  const span = { x: 1, y: 1 };
  const at = { x: 0.4, y: -0.2 };
  const nearer = zoomed(VIEW, 2, at);
  expect(nearer.zoom).toBe(6);
  const before = toPixels(VIEW, unitOf(span, SIZE, VIEW.zoom), SIZE, at);
  const after = toPixels(nearer, unitOf(span, SIZE, nearer.zoom), SIZE, at);
  expect(after.x).toBeCloseTo(before.x, 9);
  expect(after.y).toBeCloseTo(before.y, 9);
  expect(zoomed(VIEW, 1e9, at).zoom).toBe(ZOOMS.most);
  expect(zoomed(VIEW, 1e-9, at).zoom).toBe(ZOOMS.least);
});

test("the view follows a place only when it leaves", () => {
  expect(reaching(HOME, 100, SIZE, { x: 1, y: 1 }, 20)).toEqual(HOME);
  const followed = reaching(HOME, 100, SIZE, { x: 4, y: 0 }, 20);
  expect(toPixels(followed, 100, SIZE, { x: 4, y: 0 }).x).toBeCloseTo(580, 9);
});

test("the matrix puts a place where its pixels are", () => {
  const place = { x: -0.3, y: 0.7 };
  const unit = 250;
  const matrix = matrixOf(VIEW, unit, SIZE);
  const at = (i: number): number => matrix[i] ?? Number.NaN;
  const clip = {
    x: ((at(0) * place.x + at(12)) * SIZE.height) / SIZE.width,
    y: at(5) * place.y + at(13),
  };
  const pixels = toPixels(VIEW, unit, SIZE, place);
  expect(((clip.x + 1) / 2) * SIZE.width).toBeCloseTo(pixels.x, 9);
  expect(((1 - clip.y) / 2) * SIZE.height).toBeCloseTo(pixels.y, 9);
});
