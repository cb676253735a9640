import createScatterplot, { createRenderer } from "regl-scatterplot";
import type { Cloud } from "./cloud";
import { FAINT, type Palette, POINT_OPACITY, pointSize, type Scatter } from "./scatter";
import { matrixOf, type Size, type View } from "./transform";

type Rgba = [number, number, number, number];

/** What the library asks for, which a canvas grants but once; nothing that is emulated will do. */
const ATTRIBUTES: WebGLContextAttributes = {
  antialias: true,
  preserveDrawingBuffer: true,
  failIfMajorPerformanceCaveat: true,
};
/** Drivers that compute on the processor what they should draw: a canvas is several times faster. */
const EMULATED = /swiftshader|llvmpipe|softpipe|software|basic render/i;

/**
 * Points drawn by WebGL. The library only draws: its own gestures know no touch and no walking, so
 * its camera stands still but for `look`. Throws without a graphics device; `onLost` is called when
 * it is taken away later.
 */
export function createReglScatter(cloud: Cloud, palette: Palette, onLost: () => void): Scatter {
  // With a canvas of its own, of the map's size and not, as by default, of the window's: fewer
  // pixels are drawn, and none is moved by half a pixel.
  const source = document.createElement("canvas");
  const device = source.getContext("webgl", ATTRIBUTES);
  if (device === null || EMULATED.test(driverOf(device))) {
    release(device);
    throw new Error("this browser has no graphics device to draw the points");
  }
  const renderer = createRenderer({ canvas: source });
  if (!renderer.isSupported) {
    renderer.destroy();
    release(device);
    throw new Error("this browser's WebGL lacks what drawing the points needs");
  }
  const canvas = document.createElement("canvas");
  // The library's own lasso is not used; what it is made of need not lie on the page.
  const aside = document.createElement("div");
  const plot = createScatterplot({
    renderer,
    canvas,
    cameraIsFixed: true,
    lassoInitiatorParentElement: aside,
    lassoLongPressIndicatorParentElement: aside,
    deselectOnEscape: false,
    deselectOnDblClick: false,
    colorBy: "valueA",
    ...colors(palette),
    opacity: POINT_OPACITY,
    opacityInactiveScale: FAINT,
    pointSize: pointSize(cloud.count),
    pointSizeSelected: 1,
    pointOutlineWidth: 0,
  });
  let size: Size = { width: 1, height: 1 };
  let isDrawn = false;
  let isDestroyed = false;
  let shown: readonly number[] | null = null;
  let stressed: readonly number[] | null = null;

  // The library forgets a selection when its filter changes.
  function apply(): void {
    if (!isDrawn || isDestroyed) {
      return;
    }
    if (shown === null) {
      void plot.unfilter({ preventEvent: true });
    } else {
      void plot.filter([...shown], { preventEvent: true });
    }
    plot.select([...(stressed ?? [])], { preventEvent: true });
  }

  function lose(event: Event): void {
    event.preventDefault();
    onLost();
  }
  source.addEventListener("webglcontextlost", lose);

  // Nothing waits for the first picture: a page in the background draws none.
  const points = { x: cloud.x, y: cloud.y, valueA: cloud.classes };
  void plot.draw(points, { zDataType: "categorical" }).then(() => {
    isDrawn = true;
    apply();
  });

  return {
    canvas,
    resize(next) {
      size = next;
      renderer.resize(size.width, size.height);
      renderer.refresh();
      void plot.set({ width: size.width, height: size.height });
    },
    look(view: View, unit) {
      plot.view(matrixOf(view, unit, size), { preventEvent: true });
    },
    paint(next) {
      void plot.set(colors(next));
    },
    show(next) {
      shown = next;
      apply();
    },
    stress(next) {
      stressed = next;
      apply();
    },
    destroy() {
      if (isDestroyed) {
        return;
      }
      isDestroyed = true;
      source.removeEventListener("webglcontextlost", lose);
      plot.destroy();
      renderer.destroy();
      release(device);
      canvas.remove();
    },
  };
}

function driverOf(device: WebGLRenderingContext): string {
  const plain = String(device.getParameter(device.RENDERER));
  // Only some browsers say so at once.
  const more = /webkit/i.test(plain) ? device.getExtension("WEBGL_debug_renderer_info") : null;
  return more === null ? plain : String(device.getParameter(more.UNMASKED_RENDERER_WEBGL));
}

/** Browsers allow few devices at a time, and would wait for the garbage collector. */
function release(device: WebGLRenderingContext | null): void {
  device?.getExtension("WEBGL_lose_context")?.loseContext();
}

function colors(palette: Palette): { pointColor: Rgba[]; pointColorActive: Rgba } {
  const all = palette.map(([red, green, blue]): Rgba => [red / 255, green / 255, blue / 255, 1]);
  // The library takes one for each class, as its manual says, but its types know of one alone.
  return { pointColor: all, pointColorActive: all as unknown as Rgba };
}
