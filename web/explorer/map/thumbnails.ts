/** The images themselves in place of points. */

import type { Sprite } from "../contracts";
import { cellSide, type Picks, picksOf, type Tile, tilesBetween } from "./cells";
import type { Cloud, Shown } from "./cloud";
import type { Palette } from "./scatter";
import { FAINT } from "./scatter";
import { fromPixels, type Size, toPixels, type View } from "./transform";

/** Between thumbnails, at least, and around each in its class's colour. */
const GAP = 2;
const BORDER = 1;
/** Images between these sizes are drawn as they are; others are fitted. */
const SIDE = { least: 24, most: 30, else: 28 };

export interface Scene {
  view: View;
  unit: number;
  size: Size;
  density: number;
  palette: Palette;
  /** Those that stand out; null: none does. */
  stressed: ReadonlySet<number> | null;
}

export interface Thumbnails {
  /** Forget what was picked: other points are shown. */
  refresh(shown: Shown): void;
  /** What is shown at this scale. */
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
    const { view, unit, size, density, palette, stressed } = scene;
    const middle = toPixels(view, unit, size, tile.center);
    // On whole pixels of the screen, images stay sharp.
    const snap = (value: number): number => Math.round(value * density) / density;
    const left = snap(middle.x - drawn.width / 2);
    const top = snap(middle.y - drawn.height / 2);
    const [red, green, blue] = palette[cloud.classes[tile.point] ?? 0] ?? [128, 128, 128];
    context.globalAlpha = stressed === null || stressed.has(tile.point) ? 1 : FAINT;
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
      // Enlarged images show their pixels; reduced ones would lose lines.
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
