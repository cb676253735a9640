/**
 * From data to the screen: data, then normalized coordinates (the same scale for both axes, the
 * longer side from -1 to 1), then CSS pixels of the map.
 */

export interface Place {
  x: number;
  y: number;
}

export interface Size {
  width: number;
  height: number;
}

/** The transformation from data to normalized coordinates. */
export interface Frame {
  center: Place;
  /** Data units per normalized unit. */
  scale: number;
  /** Half of the points' extent, normalized; the larger one is 1. */
  span: Place;
}

/** The normalized point in the middle of the map; all points are visible at zoom 1. */
export interface View extends Place {
  zoom: number;
}

export const HOME: View = { x: 0, y: 0, zoom: 1 };
export const ZOOMS = { least: 0.5, most: 200 };

/** The largest normalized distance from the middle to pan and walk to: a little past the points. */
export const REACH = 1.5;

/** The share of the map that the points fill at zoom 1, so that no thumbnail is cut off. */
const FILLED = 0.9;

interface Range {
  least: number;
  most: number;
}

function rangeOf(values: ArrayLike<number>): Range {
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? 0;
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  return values.length === 0 ? { least: 0, most: 0 } : { least, most };
}

/** The frame around points; one unit in each direction where they have no extent. */
export function frameOf(x: ArrayLike<number>, y: ArrayLike<number>): Frame {
  const [across, along] = [rangeOf(x), rangeOf(y)];
  const center = {
    x: (across.least + across.most) / 2,
    y: (along.least + along.most) / 2,
  };
  const half = { x: (across.most - across.least) / 2, y: (along.most - along.least) / 2 };
  const scale = Math.max(half.x, half.y);
  return scale > 0
    ? { center, scale, span: { x: half.x / scale, y: half.y / scale } }
    : { center, scale: 1, span: { x: 1, y: 1 } };
}

export function toNormalized(frame: Frame, { x, y }: Place): Place {
  return { x: (x - frame.center.x) / frame.scale, y: (y - frame.center.y) / frame.scale };
}

export function toData(frame: Frame, { x, y }: Place): Place {
  return { x: frame.center.x + frame.scale * x, y: frame.center.y + frame.scale * y };
}

/** Pixels per normalized unit. */
export function unitOf(span: Place, size: Size, zoom: number): number {
  const fit = Math.min(
    size.width / Math.max(span.x, Number.EPSILON),
    size.height / Math.max(span.y, Number.EPSILON),
  );
  return (zoom * FILLED * fit) / 2;
}

/** Pixels count downwards from the top left corner, and coordinates upwards. */
export function toPixels(view: View, unit: number, size: Size, { x, y }: Place): Place {
  return { x: size.width / 2 + (x - view.x) * unit, y: size.height / 2 - (y - view.y) * unit };
}

export function fromPixels(view: View, unit: number, size: Size, { x, y }: Place): Place {
  return { x: view.x + (x - size.width / 2) / unit, y: view.y - (y - size.height / 2) / unit };
}

/** Move the view by pixels. */
export function panned(view: View, unit: number, byX: number, byY: number): View {
  return { ...view, ...withinReach({ x: view.x - byX / unit, y: view.y + byY / unit }) };
}

/** Zoom so that the normalized place `at` keeps its position on the screen. */
export function zoomed(view: View, factor: number, at: Place): View {
  const zoom = clamp(view.zoom * factor, ZOOMS.least, ZOOMS.most);
  const kept = view.zoom / zoom;
  return {
    ...withinReach({ x: at.x + (view.x - at.x) * kept, y: at.y + (view.y - at.y) * kept }),
    zoom,
  };
}

export function withinReach({ x, y }: Place): Place {
  return { x: clamp(x, -REACH, REACH), y: clamp(y, -REACH, REACH) };
}

/** The view, moved as little as possible so that a place is `margin` pixels inside. */
export function reaching(view: View, unit: number, size: Size, place: Place, margin: number): View {
  const reach = {
    x: Math.max(size.width / 2 - margin, 0) / unit,
    y: Math.max(size.height / 2 - margin, 0) / unit,
  };
  return {
    ...view,
    x: clamp(view.x, place.x - reach.x, place.x + reach.x),
    y: clamp(view.y, place.y - reach.y, place.y + reach.y),
  };
}

/** A camera matrix, column by column, for a library whose unit is half of the map's height. */
export function matrixOf(view: View, unit: number, size: Size): number[] {
  const scale = unit / (size.height / 2);
  return [scale, 0, 0, 0, 0, scale, 0, 0, 0, 0, 1, 0, -scale * view.x, -scale * view.y, 0, 1];
}

export function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most);
}
