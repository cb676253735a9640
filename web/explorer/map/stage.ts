/** What the map shows: points or thumbnails, the overlays, and the visible part. */

import type { Sprite } from "../contracts";
import { make } from "../dom";
import { pickAt } from "./cells";
import { type Cloud, everyPoint, placeOf, pointsWhere, type Shown } from "./cloud";
import { createMarker } from "./marker";
import { grown, type Palette, pointSize, type Scatter } from "./scatter";
import { createCanvasScatter } from "./scatter_canvas";
import { createReglScatter } from "./scatter_regl";
import { nearest } from "./search";
import { fitCanvas, nextFrame } from "./surface";
import { onTheme, readPalette } from "./theme";
import { createThumbnails } from "./thumbnails";
import { createTraces } from "./traces";
import { fromPixels, HOME, type Place, type Size, toPixels, unitOf, type View } from "./transform";

/** How far outside of a point the pointer still hits it, in pixels. */
const AIM = { fine: 5, coarse: 14 };
/** How far from the middle of the marker a drag moves it, in pixels. */
const GRAB = { fine: 12, coarse: 24 };

export interface Stage {
  size(): Size;
  view(): View;
  /** Pixels per normalized unit. */
  unit(): number;
  look(view: View): void;
  toPixels(place: Place): Place;
  fromPixels(at: Place): Place;
  shown: Shown;
  show(shown: Shown): void;
  highlight(points: readonly number[] | null): void;
  showThumbnails(isOn: boolean): void;
  /** Whether a place on the screen is on the marker. */
  isOnMarker(at: Place, isCoarse: boolean): boolean;
  /** The point at a place on the screen; -1 if there is none. */
  pointAt(at: Place, isCoarse: boolean): number;
  /** Draw a ring around a point; -1 for none. */
  ring(point: number): void;
  /** Draw a lasso; null for none. */
  lasso(path: readonly Place[] | null): void;
  mark(place: Place | null): void;
  destroy(): void;
}

/** `onMove` is called whenever places move on the screen. */
export function createStage(
  area: HTMLElement,
  cloud: Cloud,
  sprite: Sprite,
  classCount: number,
  onMove: () => void,
): Stage {
  const tiles = make("canvas", { class: "map-tiles", hidden: "" });
  const context = tiles.getContext("2d");
  const traces = createTraces();
  const marker = createMarker();
  const thumbnails = createThumbnails(cloud, sprite, everyPoint);
  const tilesFrame = nextFrame(drawTiles);
  let size: Size = { width: 1, height: 1 };
  let view: View = HOME;
  let palette: Palette = [];
  let shown: Shown = everyPoint;
  let shownPoints: readonly number[] | null = null;
  let highlighted: readonly number[] | null = null;
  let isThumbnails = false;
  let ringed = -1;
  let marked: Place | null = null;

  const unit = (): number => unitOf(cloud.frame.span, size, view.zoom);
  const pixelsOf = (place: Place): Place => toPixels(view, unit(), size, place);

  readColors();
  let scatter = firstScatter();
  area.prepend(scatter.canvas, tiles, traces.element, marker.element);

  function firstScatter(): Scatter {
    try {
      return dressed(createReglScatter(cloud, palette, fallBack));
    } catch {
      return dressed(createCanvasScatter(cloud, palette));
    }
  }

  /** Continue without WebGL when the graphics device is lost. */
  function fallBack(): void {
    const lost = scatter;
    scatter = dressed(createCanvasScatter(cloud, palette));
    lost.canvas.replaceWith(scatter.canvas);
    lost.destroy();
    scatter.resize(size);
    scatter.look(view, unit());
    scatter.show(shownPoints);
    scatter.highlight(highlighted);
  }

  function dressed(next: Scatter): Scatter {
    next.canvas.classList.add("map-points");
    next.canvas.hidden = isThumbnails;
    return next;
  }

  function readColors(): void {
    palette = readPalette(area, classCount);
  }

  function moved(): void {
    if (isThumbnails) {
      tilesFrame.ask();
    } else {
      scatter.look(view, unit());
    }
    marker.put(marked === null ? null : pixelsOf(marked));
    drawRing();
    onMove();
  }

  function resize(): void {
    const next = { width: area.clientWidth, height: area.clientHeight };
    if (next.width > 0 && next.height > 0) {
      size = next;
      scatter.resize(size);
      moved();
    }
  }

  function drawTiles(): void {
    if (context === null || !isThumbnails) {
      return;
    }
    const density = fitCanvas(tiles, size);
    context.setTransform(density, 0, 0, density, 0, 0);
    context.clearRect(0, 0, size.width, size.height);
    const outstanding = highlighted === null ? null : new Set(highlighted);
    const scene = { view, unit: unit(), size, density, palette, highlighted: outstanding };
    thumbnails.draw(context, scene);
  }

  /** Thumbnails have a border instead. */
  function drawRing(): void {
    const isRinged = ringed >= 0 && !isThumbnails;
    traces.ring(isRinged ? pixelsOf(placeOf(cloud, ringed)) : null, drawnSize() / 2 + 2);
  }

  const drawnSize = (): number => grown(pointSize(cloud.count), unit() / (size.height / 2));

  const observer = new ResizeObserver(resize);
  observer.observe(area);
  // The screen's pixel density can change while the map's size stays.
  window.addEventListener("resize", resize);
  const endTheme = onTheme(() => {
    readColors();
    scatter.paint(palette);
    tilesFrame.ask();
  });
  resize();

  return {
    size: () => size,
    view: () => view,
    unit,
    look(next) {
      view = next;
      moved();
    },
    toPixels: pixelsOf,
    fromPixels: (at) => fromPixels(view, unit(), size, at),
    shown: (point) => shown(point),
    show(next) {
      shown = next;
      const points = pointsWhere(cloud, shown);
      shownPoints = points.length === cloud.count ? null : points;
      scatter.show(shownPoints);
      thumbnails.refresh(shown);
      tilesFrame.ask();
    },
    highlight(points) {
      highlighted = points;
      scatter.highlight(points);
      tilesFrame.ask();
    },
    showThumbnails(isOn) {
      isThumbnails = isOn;
      scatter.canvas.hidden = isOn;
      tiles.hidden = !isOn;
      moved();
    },
    isOnMarker(at, isCoarse) {
      if (marked === null) {
        return false;
      }
      const middle = pixelsOf(marked);
      const distance = Math.hypot(at.x - middle.x, at.y - middle.y);
      return distance <= (isCoarse ? GRAB.coarse : GRAB.fine);
    },
    pointAt(at, isCoarse) {
      const place = fromPixels(view, unit(), size, at);
      if (isThumbnails) {
        return pickAt(thumbnails.picks(unit()), place);
      }
      const radius = drawnSize() / 2 + (isCoarse ? AIM.coarse : AIM.fine);
      return nearest(cloud, place, radius / unit(), shown);
    },
    ring(point) {
      ringed = point;
      drawRing();
    },
    lasso: traces.lasso,
    mark(place) {
      marked = place;
      marker.put(place === null ? null : pixelsOf(place));
    },
    destroy() {
      observer.disconnect();
      window.removeEventListener("resize", resize);
      endTheme();
      tilesFrame.cancel();
      scatter.destroy();
      tiles.remove();
      traces.element.remove();
      marker.element.remove();
    },
  };
}
