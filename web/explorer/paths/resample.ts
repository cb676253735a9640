/** Resamples a picture to the size of a model's input, by exact averages over areas. */

/** A rectangle of a picture, in pixels. */
export interface Area {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Bytes of a canvas: red, green, blue and opacity of each pixel. */
export interface Bytes {
  data: Uint8ClampedArray;
  width: number;
  height: number;
}

/** The largest area in the middle with the aspect ratio of `target`. */
export function centerCrop(
  picture: { width: number; height: number },
  target: { width: number; height: number },
): Area {
  const width = Math.min(picture.width, (picture.height * target.width) / target.height);
  const height = Math.min(picture.height, (picture.width * target.height) / target.width);
  return { x: (picture.width - width) / 2, y: (picture.height - height) / 2, width, height };
}

/** The weights of the source cells in a target cell. */
interface Share {
  from: number;
  weights: number[];
}

/** `count` cells of equal length over the source cells from `start` to `start + length`. */
export function shares(start: number, length: number, count: number): Share[] {
  const step = length / count;
  return Array.from({ length: count }, (_, i) => {
    const low = start + i * step;
    const high = low + step;
    const from = Math.floor(low);
    const weights: number[] = [];
    for (let cell = from; cell < high; cell++) {
      weights.push((Math.min(cell + 1, high) - Math.max(cell, low)) / step);
    }
    return { from, weights };
  });
}

/** One channel, row after row. */
export interface Plane {
  values: Float64Array;
  width: number;
  height: number;
}

/** Averages over the cells of a grid of `width` times `height` over `area`. */
export function boxResample(plane: Plane, area: Area, width: number, height: number): Float32Array {
  const columns = shares(area.x, area.width, width);
  const rows = shares(area.y, area.height, height);
  const narrow = new Float64Array(plane.height * width);
  for (let y = 0; y < plane.height; y++) {
    for (const [x, share] of columns.entries()) {
      narrow[y * width + x] = weighted(plane.values, y * plane.width, plane.width, 1, share);
    }
  }
  const small = new Float32Array(height * width);
  for (const [y, share] of rows.entries()) {
    for (let x = 0; x < width; x++) {
      small[y * width + x] = weighted(narrow, x, plane.height, width, share);
    }
  }
  return small;
}

/** The weighted sum over one line of cells; rounding may reach one cell past its ends. */
function weighted(
  values: Float64Array,
  first: number,
  count: number,
  stride: number,
  share: Share,
): number {
  const { from, weights } = share;
  let sum = 0;
  for (let i = 0; i < weights.length; i++) {
    const cell = Math.min(Math.max(from + i, 0), count - 1);
    sum += (weights[i] ?? 0) * (values[first + cell * stride] ?? 0);
  }
  return sum;
}
