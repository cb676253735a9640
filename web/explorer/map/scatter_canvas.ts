import type { Cloud } from "./cloud";
import { discOf, drawDisc, type Raster, rasterOf } from "./raster";
import { FAINT, grown, type Palette, POINT_OPACITY, pointSize, type Scatter } from "./scatter";
import { fitCanvas, nextFrame } from "./surface";
import { HOME, type Size, toPixels, type View } from "./transform";

/** Draws the points without WebGL. */
export function createCanvasScatter(cloud: Cloud, first: Palette): Scatter {
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d");
  let palette = first;
  let size: Size = { width: 1, height: 1 };
  let view: View = HOME;
  let unit = 1;
  let shown: readonly number[] | null = null;
  let highlighted: ReadonlySet<number> | null = null;
  let kept: { image: ImageData; raster: Raster } | null = null;
  const frame = nextFrame(draw);

  /** The same image for every frame, because it takes megabytes. */
  function blank(onto: CanvasRenderingContext2D): { image: ImageData; raster: Raster } {
    if (kept?.image.width !== canvas.width || kept.image.height !== canvas.height) {
      const image = onto.createImageData(canvas.width, canvas.height);
      kept = { image, raster: rasterOf(image) };
    }
    kept.raster.pixels.fill(0);
    return kept;
  }

  function draw(): void {
    if (context === null) {
      return;
    }
    const density = fitCanvas(canvas, size);
    const { image, raster } = blank(context);
    const disc = discOf(density * grown(pointSize(cloud.count), unit / (size.height / 2)));
    const count = shown?.length ?? cloud.count;
    // Highlighted points are above the others.
    for (const isHighlighted of highlighted === null ? [false] : [false, true]) {
      const opacity = POINT_OPACITY * (highlighted === null || isHighlighted ? 1 : FAINT);
      for (let i = 0; i < count; i++) {
        const point = shown?.[i] ?? i;
        const color = palette[cloud.classes[point] ?? 0];
        if (color !== undefined && (highlighted?.has(point) ?? false) === isHighlighted) {
          const place = { x: cloud.x[point] ?? 0, y: cloud.y[point] ?? 0 };
          const { x, y } = toPixels(view, unit, size, place);
          drawDisc(raster, disc, x * density, y * density, color, opacity);
        }
      }
    }
    context.putImageData(image, 0, 0);
  }

  return {
    canvas,
    resize(next) {
      size = next;
      frame.ask();
    },
    look(next, nextUnit) {
      view = next;
      unit = nextUnit;
      frame.ask();
    },
    paint(next) {
      palette = next;
      frame.ask();
    },
    show(points) {
      shown = points;
      frame.ask();
    },
    highlight(points) {
      highlighted = points === null ? null : new Set(points);
      frame.ask();
    },
    destroy() {
      frame.cancel();
      canvas.remove();
    },
  };
}
