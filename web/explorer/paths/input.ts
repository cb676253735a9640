/** Anybody's picture as a model's input: light on dark, in [0, 1]. */

import type { ImagesInfo, Pixels } from "../contracts";
import { type Area, type Bytes, boxResample, centreCrop, type Plane } from "./resample";

/** A picture at a model's size. Colours are weighed by opacity, so that either ground stays dark. */
export interface Cut {
  width: number;
  height: number;
  colours: [Float32Array, Float32Array, Float32Array];
  opacity: Float32Array;
}

/** The middle of a picture, averaged to the size of the model's images. */
export function cutOut(picture: Bytes, info: { width: number; height: number }): Cut {
  const area = centreCrop(picture, info);
  const small = (channel: number | null): Float32Array =>
    resampled(picture, channel, area, info.width, info.height);
  return {
    width: info.width,
    height: info.height,
    colours: [small(0), small(1), small(2)],
    opacity: small(null),
  };
}

/** One channel, weighed by opacity, or opacity itself (null). */
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

/** ITU-R BT.601, as the data sets' tools turn colours to grey. */
export function luminance(red: number, green: number, blue: number): number {
  return 0.299 * red + 0.587 * green + 0.114 * blue;
}

/** Whether most of the outermost pixels are light: garments are mostly sold on white. */
export function hasLightBorder(cut: Cut): boolean {
  const { width, height } = cut;
  const grey = greyOf(cut.colours);
  const border = [...grey].filter((_, i) => {
    const [x, y] = [i % width, Math.floor(i / width)];
    return x === 0 || y === 0 || x === width - 1 || y === height - 1;
  });
  return border.filter((value) => value > 0.5).length > border.length / 2;
}

/** What the model is given. What is transparent stays dark ground, inverted or not. */
export function toInput(cut: Cut, channels: ImagesInfo["channels"], isInverted: boolean): Pixels {
  const planes = channels === 1 ? [greyOf(cut.colours)] : cut.colours;
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

function greyOf([red, green, blue]: Cut["colours"]): Float32Array {
  return red.map((value, i) => luminance(value, green[i] ?? 0, blue[i] ?? 0));
}
