import { describe, expect, test } from "vitest";
import { cutOut, hasLightBorder, luminance, toInput } from "./input";
import type { Bytes } from "./resample";

type Color = [red: number, green: number, blue: number, opacity: number];

function picture(width: number, height: number, at: (x: number, y: number) => Color): Bytes {
  const data = new Uint8ClampedArray(4 * width * height);
  for (let i = 0; i < width * height; i++) {
    data.set(at(i % width, Math.floor(i / width)), 4 * i);
  }
  return new Canvased(data, width, height);
}

/** Like browsers' own, whose sizes are not properties of the object itself. */
class Canvased implements Bytes {
  readonly data: Uint8ClampedArray;
  readonly #size: { width: number; height: number };

  constructor(data: Uint8ClampedArray, width: number, height: number) {
    this.data = data;
    this.#size = { width, height };
  }

  get width(): number {
    return this.#size.width;
  }

  get height(): number {
    return this.#size.height;
  }
}

const SIZE = { width: 4, height: 4 };
const WHITE: Color = [255, 255, 255, 255];
const BLACK: Color = [0, 0, 0, 255];
const CLEAR: Color = [0, 0, 0, 0];

test("gray is the luminance of colors", () => {
  expect(luminance(1, 1, 1)).toBeCloseTo(1, 9);
  expect(luminance(1, 0, 0)).toBeCloseTo(0.299, 9);
  expect(luminance(0, 1, 0)).toBeCloseTo(0.587, 9);
  expect(luminance(0, 0, 1)).toBeCloseTo(0.114, 9);
});

describe("a model's input", () => {
  const green = cutOut(
    picture(8, 8, () => [0, 255, 0, 255]),
    SIZE,
  );

  test("is gray for one channel", () => {
    const pixels = toInput(green, 1, false);
    expect(pixels).toHaveLength(16);
    expect(pixels[5]).toBeCloseTo(0.587, 6);
    expect(toInput(green, 1, true)[5]).toBeCloseTo(1 - 0.587, 6);
  });

  test("repeats the gray of other channel counts", () => {
    const pixels = toInput(green, 5, false);
    expect(pixels).toHaveLength(80);
    expect(Math.min(...pixels)).toBeCloseTo(0.587, 6);
  });

  test("has plane after plane for three", () => {
    const pixels = toInput(green, 3, false);
    expect(pixels).toHaveLength(48);
    expect([pixels[0], pixels[16], pixels[32]]).toEqual([0, 1, 0]);
    const inverted = toInput(green, 3, true);
    expect([inverted[0], inverted[16], inverted[32]]).toEqual([1, 0, 1]);
  });

  test("is the middle of a wide picture", () => {
    const wide = picture(12, 4, (x) => (x < 4 || x > 7 ? WHITE : BLACK));
    expect(Math.max(...toInput(cutOut(wide, SIZE), 1, false))).toBe(0);
  });

  test("stays in [0, 1]", () => {
    const noisy = picture(37, 23, (x, y) => [(x * 91) % 256, (y * 57) % 256, 255, 255]);
    for (const isInverted of [false, true]) {
      for (const value of toInput(cutOut(noisy, SIZE), 3, isInverted)) {
        expect(value).toBeGreaterThanOrEqual(0);
        expect(value).toBeLessThanOrEqual(1);
      }
    }
  });

  test("is dark where the picture is transparent, inverted or not", () => {
    const isInside = (x: number, y: number): boolean => x > 0 && x < 3 && y > 0 && y < 3;
    for (const [color, isInverted] of [
      [WHITE, false],
      [BLACK, true],
    ] as const) {
      const cut = cutOut(
        picture(4, 4, (x, y) => (isInside(x, y) ? color : CLEAR)),
        SIZE,
      );
      const pixels = toInput(cut, 1, isInverted);
      expect(pixels[0]).toBe(0);
      expect(pixels[5]).toBeCloseTo(1, 6);
    }
  });

  test("weights colors by opacity", () => {
    const half = picture(1, 1, () => [255, 255, 255, 51]);
    expect(toInput(cutOut(half, { width: 1, height: 1 }), 1, false)[0]).toBeCloseTo(0.2, 6);
  });
});

describe("the border", () => {
  const framed = (ground: Color, garment: Color) =>
    cutOut(
      picture(40, 40, (x, y) => (x > 9 && x < 30 && y > 9 ? garment : ground)),
      { width: 20, height: 20 },
    );

  test("is light on white, although the object touches it", () => {
    expect(hasLightBorder(framed(WHITE, BLACK))).toBe(true);
  });

  test("is dark on black, and where nothing is", () => {
    expect(hasLightBorder(framed(BLACK, WHITE))).toBe(false);
    expect(hasLightBorder(framed(CLEAR, WHITE))).toBe(false);
  });
});
