import createScatterplot, { createRenderer } from "regl-scatterplot";
import type { Cloud } from "./cloud";
import { FAINT, type Palette, POINT_OPACITY, pointSize, type Scatter } from "./scatter";
import { matrixOf, type Size, type View } from "./transform";

type Rgba = [number, number, number, number];

/** The library's own attributes, which can be set only once; emulated devices are refused. */
const ATTRIBUTES: WebGLContextAttributes = {
  antialias: true,
  preserveDrawingBuffer: true,
  failIfMajorPerformanceCaveat: true,
};
/** Drivers that draw on the processor: a 2D canvas is several times faster. */
const EMULATED = /swiftshader|llvmpipe|softpipe|software|basic render/i;

/**
 * Draws the points with WebGL. The library only draws: its gestures support neither touch nor
 * walking, so only `look` moves its camera. Throws without a graphics device; `onLost` is called
 * when the device is lost later.
 */
export function createReglScatter(cloud: Cloud, palette: Palette, onLost: () => void): Scatter {
  // A canvas of the map's size; the library's default, the window's size, draws more pixels and
  // shifts them by half a pixel.
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
    throw new Error("this browser's WebGL lacks extensions that drawing the points needs");
  }
  const canvas = document.createElement("canvas");
  // The library's lasso is not used; its elements stay off the page.
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
  let highlighted: readonly number[] | null = null;

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
    plot.select([...(highlighted ?? [])], { preventEvent: true });
  }

  function lose(event: Event): void {
    event.preventDefault();
    onLost();
  }
  source.addEventListener("webglcontextlost", lose);

  // Nothing waits for the first frame: a page in the background draws none.
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
    highlight(next) {
      highlighted = next;
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
  // Some browsers give the name of the driver only through an extension.
  const more = /webkit/i.test(plain) ? device.getExtension("WEBGL_debug_renderer_info") : null;
  return more === null ? plain : String(device.getParameter(more.UNMASKED_RENDERER_WEBGL));
}

/** Browsers allow few devices at a time, and free them only at garbage collection. */
function release(device: WebGLRenderingContext | null): void {
  device?.getExtension("WEBGL_lose_context")?.loseContext();
}

function colors(palette: Palette): { pointColor: Rgba[]; pointColorActive: Rgba } {
  const all = palette.map(([red, green, blue]): Rgba => [red / 255, green / 255, blue / 255, 1]);
  // The library's manual allows one color for each class, its types only one.
  return { pointColor: all, pointColorActive: all as unknown as Rgba };
}
