/** Images in place of points. */

import type { Sprite } from "../contracts";
import { cellSide, type Picks, picksOf, type Tile, tilesBetween } from "./cells";
import type { Cloud, Shown } from "./cloud";
import type { Palette } from "./scatter";
import { FAINT } from "./scatter";
import { fromPixels, type Size, toPixels, type View } from "./transform";

/** The smallest gap between thumbnails, and the border in the class's color, in pixels. */
const GAP = 2;
const BORDER = 1;
/** Images between these sizes are drawn at their size; others are scaled to the third. */
const SIDE = { least: 24, most: 30, else: 28 };

export interface Scene {
  view: View;
  unit: number;
  size: Size;
  density: number;
  palette: Palette;
  /** Highlighted points; null for none. */
  highlighted: ReadonlySet<number> | null;
}

export interface Thumbnails {
  /** Pick again, because other points are shown. */
  refresh(shown: Shown): void;
  /** The images shown at this scale. */
  picks(unit: number): Picks;
  draw(context: CanvasRenderingContext2D, scene: Scene): void;
}

export function createThumbnails(cloud: Cloud, sprite: Sprite, all: Shown): Thumbnails {
  const { width, height } = sprite.info;
  const longer = Math.max(width, height);
  const side = longer >= SIDE.least && longer <= SIDE.most ? longer : SIDE.else;
  const cell = side + 2 * BORDER + GAP;
  const drawn = { width: (side * width) / longer, height: (side * height) / longer };
  let shown = all;
  let last: Picks | null = null;

  function picks(unit: number): Picks {
    const wanted = cellSide(unit, cell);
    if (last?.side !== wanted) {
      last = picksOf(cloud, wanted, shown);
    }
    return last;
  }

  function drawTile(context: CanvasRenderingContext2D, scene: Scene, tile: Tile): void {
    const { view, unit, size, density, palette, highlighted } = scene;
    const middle = toPixels(view, unit, size, tile.center);
    // Aligned to screen pixels, images stay sharp.
    const snap = (value: number): number => Math.round(value * density) / density;
    const left = snap(middle.x - drawn.width / 2);
    const top = snap(middle.y - drawn.height / 2);
    const [red, green, blue] = palette[cloud.classes[tile.point] ?? 0] ?? [128, 128, 128];
    context.globalAlpha = highlighted === null || highlighted.has(tile.point) ? 1 : FAINT;
    context.fillStyle = `rgb(${red} ${green} ${blue})`;
    context.fillRect(
      left - BORDER,
      top - BORDER,
      drawn.width + 2 * BORDER,
      drawn.height + 2 * BORDER,
    );
    const from = sprite.place(cloud.images[tile.point] ?? 0);
    const { picture } = sprite;
    context.drawImage(picture, from.x, from.y, width, height, left, top, drawn.width, drawn.height);
  }

  return {
    picks,
    refresh(next) {
      shown = next;
      last = null;
    },
    draw(context, scene) {
      const { view, unit, size } = scene;
      // Enlarged images keep sharp pixels; reduced ones are smoothed.
      context.imageSmoothingEnabled = drawn.width * scene.density < width;
      const least = fromPixels(view, unit, size, { x: -cell, y: size.height + cell });
      const most = fromPixels(view, unit, size, { x: size.width + cell, y: -cell });
      for (const tile of tilesBetween(picks(unit), least, most)) {
        drawTile(context, scene, tile);
      }
      context.globalAlpha = 1;
    },
  };
}
