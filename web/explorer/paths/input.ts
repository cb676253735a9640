/** Converts a picture to a model's input: light on dark, in [0, 1]. */

import type { Pixels } from "../contracts";
import { type Area, type Bytes, boxResample, centerCrop, type Plane } from "./resample";

/**
 * A picture at a model's size. Colors are weighted by opacity, so that transparent areas are dark.
 */
export interface Cut {
  width: number;
  height: number;
  colors: [Float32Array, Float32Array, Float32Array];
  opacity: Float32Array;
}

/** The middle of a picture, averaged to the size of the model's images. */
export function cutOut(picture: Bytes, info: { width: number; height: number }): Cut {
  const area = centerCrop(picture, info);
  const small = (channel: number | null): Float32Array =>
    resampled(picture, channel, area, info.width, info.height);
  return {
    width: info.width,
    height: info.height,
    colors: [small(0), small(1), small(2)],
    opacity: small(null),
  };
}

/** One channel weighted by opacity, or the opacity (null). */
function resampled(
  picture: Bytes,
  channel: number | null,
  area: Area,
  width: number,
  height: number,
): Float32Array {
  const { data } = picture;
  const plane: Plane = {
    values: new Float64Array(picture.width * picture.height),
    width: picture.width,
    height: picture.height,
  };
  const { values } = plane;
  for (let i = 0; i < values.length; i++) {
    const opacity = (data[4 * i + 3] ?? 0) / 255;
    values[i] = channel === null ? opacity : (opacity * (data[4 * i + channel] ?? 0)) / 255;
  }
  return boxResample(plane, area, width, height);
}

/** ITU-R BT.601, the usual conversion of colors to gray. */
export function luminance(red: number, green: number, blue: number): number {
  return 0.299 * red + 0.587 * green + 0.114 * blue;
}

/**
 * Whether most pixels at the border are light: photographs of products mostly have a white
 * background.
 */
export function hasLightBorder(cut: Cut): boolean {
  const { width, height } = cut;
  const gray = grayOf(cut.colors);
  const border = [...gray].filter((_, i) => {
    const [x, y] = [i % width, Math.floor(i / width)];
    return x === 0 || y === 0 || x === width - 1 || y === height - 1;
  });
  return border.filter((value) => value > 0.5).length > border.length / 2;
}

/** The model's input. Transparent areas stay dark, inverted or not. */
export function toInput(cut: Cut, channels: number, isInverted: boolean): Pixels {
  // Of images that are not RGB, every channel gets the gray values.
  const gray = channels === 3 ? null : grayOf(cut.colors);
  const planes = gray === null ? cut.colors : new Array<Float32Array>(channels).fill(gray);
  const count = cut.opacity.length;
  const pixels = new Float32Array(channels * count);
  for (const [channel, plane] of planes.entries()) {
    for (let i = 0; i < count; i++) {
      const value = plane[i] ?? 0;
      const level = isInverted ? (cut.opacity[i] ?? 0) - value : value;
      pixels[channel * count + i] = Math.min(Math.max(level, 0), 1);
    }
  }
  return pixels;
}

function grayOf([red, green, blue]: Cut["colors"]): Float32Array {
  return red.map((value, i) => luminance(value, green[i] ?? 0, blue[i] ?? 0));
}
