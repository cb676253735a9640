/** Which images are drawn as thumbnails: one in each cell of a grid that moves with the data. */

import type { Cloud, Shown } from "./cloud";
import type { Place } from "./transform";

/**
 * Cells grow by up to this factor while zooming, before a new grid begins; panning keeps the grid.
 */
const GROWTH = 2 ** 0.25;

/** More cells than any zoom has in one direction. */
const CELLS = 2 ** 20;

/** The side of a cell in normalized units: at least `least` pixels, and less than 20% more. */
export function cellSide(unit: number, least: number): number {
  return GROWTH ** -Math.floor(Math.log(unit / least) / Math.log(GROWTH));
}

/** The point of each cell. */
export interface Picks {
  readonly side: number;
  readonly byCell: ReadonlyMap<number, number>;
}

export interface Tile {
  point: number;
  /** The middle of its cell, in normalized units. */
  center: Place;
}

/** The shown point nearest to the middle of each cell. */
export function picksOf(cloud: Cloud, side: number, shown: Shown): Picks {
  const byCell = new Map<number, number>();
  const distances = new Map<number, number>();
  for (let point = 0; point < cloud.count; point++) {
    if (!shown(point)) {
      continue;
    }
    const [x, y] = [cloud.x[point] ?? 0, cloud.y[point] ?? 0];
    const [column, row] = [Math.floor(x / side), Math.floor(y / side)];
    const key = keyOf(column, row);
    const distance = (x - (column + 0.5) * side) ** 2 + (y - (row + 0.5) * side) ** 2;
    if (distance < (distances.get(key) ?? Number.POSITIVE_INFINITY)) {
      distances.set(key, distance);
      byCell.set(key, point);
    }
  }
  return { side, byCell };
}

/** The tiles between two corners in normalized units. */
export function tilesBetween(picks: Picks, least: Place, most: Place): Tile[] {
  const { side, byCell } = picks;
  const tiles: Tile[] = [];
  for (let row = Math.floor(least.y / side); row <= most.y / side; row++) {
    for (let column = Math.floor(least.x / side); column <= most.x / side; column++) {
      const point = byCell.get(keyOf(column, row));
      if (point !== undefined) {
        tiles.push({ point, center: { x: (column + 0.5) * side, y: (row + 0.5) * side } });
      }
    }
  }
  return tiles;
}

/** The point of the cell at a place; -1 if there is none. */
export function pickAt(picks: Picks, { x, y }: Place): number {
  const key = keyOf(Math.floor(x / picks.side), Math.floor(y / picks.side));
  return picks.byCell.get(key) ?? -1;
}

function keyOf(column: number, row: number): number {
  return (column + CELLS / 2) * CELLS + row + CELLS / 2;
}
