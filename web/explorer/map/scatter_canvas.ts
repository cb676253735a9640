import type { Cloud } from "./cloud";
import { discOf, lay, type Raster, rasterOf } from "./raster";
import { FAINT, grown, type Palette, POINT_OPACITY, pointSize, type Scatter } from "./scatter";
import { fitCanvas, nextFrame } from "./surface";
import { HOME, type Size, toPixels, type View } from "./transform";

/** Points drawn without WebGL. */
export function createCanvasScatter(cloud: Cloud, first: Palette): Scatter {
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d");
  let palette = first;
  let size: Size = { width: 1, height: 1 };
  let view: View = HOME;
  let unit = 1;
  let shown: readonly number[] | null = null;
  let stressed: ReadonlySet<number> | null = null;
  let kept: { image: ImageData; raster: Raster } | null = null;
  const frame = nextFrame(draw);

  /** Kept from picture to picture: they are megabytes. */
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
    // Those that stand out lie above the others.
    for (const isStressed of stressed === null ? [false] : [false, true]) {
      const opacity = POINT_OPACITY * (stressed === null || isStressed ? 1 : FAINT);
      for (let i = 0; i < count; i++) {
        const point = shown?.[i] ?? i;
        const color = palette[cloud.classes[point] ?? 0];
        if (color !== undefined && (stressed?.has(point) ?? false) === isStressed) {
          const place = { x: cloud.x[point] ?? 0, y: cloud.y[point] ?? 0 };
          const { x, y } = toPixels(view, unit, size, place);
          lay(raster, disc, x * density, y * density, color, opacity);
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
    stress(points) {
      stressed = points === null ? null : new Set(points);
      frame.ask();
    },
    destroy() {
      frame.cancel();
      canvas.remove();
    },
  };
}
