/** The map's picture: points or thumbnails, a marker over them, and the part of it that is seen. */

import type { Sprite } from "../contracts";
import { make } from "../dom";
import { pickAt } from "./cells";
import { type Cloud, everyPoint, placeOf, pointsWhere, type Shown } from "./cloud";
import { createMarker } from "./marker";
import { grown, type Palette, pointSize, type Rgb, type Scatter } from "./scatter";
import { createCanvasScatter } from "./scatter_canvas";
import { createReglScatter } from "./scatter_regl";
import { nearest } from "./search";
import { fitCanvas, nextFrame } from "./surface";
import { onTheme, readColor, readPalette } from "./theme";
import { createThumbnails } from "./thumbnails";
import { fromPixels, HOME, type Place, type Size, toPixels, unitOf, type View } from "./transform";

/** How far beside a point one may point at it, in pixels. */
const AIM = { fine: 5, coarse: 14 };

export interface Stage {
  size(): Size;
  view(): View;
  /** Pixels per normalised unit. */
  unit(): number;
  look(view: View): void;
  toPixels(place: Place): Place;
  fromPixels(at: Place): Place;
  shown: Shown;
  show(shown: Shown): void;
  stress(points: readonly number[] | null): void;
  showThumbnails(isOn: boolean): void;
  /** The point that is meant by a place on the screen; -1 if none is. */
  pointAt(at: Place, isCoarse: boolean): number;
  /** Draw a ring around a point; -1: around none. */
  ring(point: number): void;
  /** Draw a lasso; null: none. */
  lasso(path: readonly Place[] | null): void;
  mark(place: Place | null): void;
  destroy(): void;
}

/** `onMove` is called whenever places come to lie elsewhere on the screen. */
export function createStage(
  area: HTMLElement,
  cloud: Cloud,
  sprite: Sprite,
  classCount: number,
  onMove: () => void,
): Stage {
  const overlay = make("canvas", { class: "map-overlay" });
  const context = overlay.getContext("2d");
  const marker = createMarker();
  const thumbnails = createThumbnails(cloud, sprite, everyPoint);
  const overlayFrame = nextFrame(drawOverlay);
  let size: Size = { width: 1, height: 1 };
  let view: View = HOME;
  let palette: Palette = [];
  let ink: Rgb = [0, 0, 0];
  let shown: Shown = everyPoint;
  let shownPoints: readonly number[] | null = null;
  let stressed: readonly number[] | null = null;
  let isThumbnails = false;
  let ringed = -1;
  let lasso: readonly Place[] | null = null;
  let marked: Place | null = null;

  const unit = (): number => unitOf(cloud.frame.span, size, view.zoom);
  const pixelsOf = (place: Place): Place => toPixels(view, unit(), size, place);

  readColors();
  let scatter = firstScatter();
  area.prepend(scatter.canvas, overlay, marker.element);

  function firstScatter(): Scatter {
    try {
      return dressed(createReglScatter(cloud, palette, fallBack));
    } catch {
      return dressed(createCanvasScatter(cloud, palette));
    }
  }

  /** When the graphics device is taken away: the map goes on without. */
  function fallBack(): void {
    const lost = scatter;
    scatter = dressed(createCanvasScatter(cloud, palette));
    lost.canvas.replaceWith(scatter.canvas);
    lost.destroy();
    scatter.resize(size);
    scatter.look(view, unit());
    scatter.show(shownPoints);
    scatter.stress(stressed);
  }

  function dressed(next: Scatter): Scatter {
    next.canvas.classList.add("map-points");
    next.canvas.hidden = isThumbnails;
    return next;
  }

  function readColors(): void {
    palette = readPalette(area, classCount);
    ink = readColor(area, "var(--text, currentColor)");
  }

  function moved(): void {
    if (!isThumbnails) {
      scatter.look(view, unit());
    }
    marker.put(marked === null ? null : pixelsOf(marked));
    overlayFrame.ask();
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

  function drawOverlay(): void {
    if (context === null) {
      return;
    }
    const density = fitCanvas(overlay, size);
    context.setTransform(density, 0, 0, density, 0, 0);
    context.clearRect(0, 0, size.width, size.height);
    if (isThumbnails) {
      const outstanding = stressed === null ? null : new Set(stressed);
      const scene = { view, unit: unit(), size, density, palette, stressed: outstanding };
      thumbnails.draw(context, scene);
    } else if (ringed >= 0) {
      const at = pixelsOf(placeOf(cloud, ringed));
      context.beginPath();
      context.arc(at.x, at.y, drawnSize() / 2 + 2, 0, 2 * Math.PI);
      stroke(context, 2);
    }
    if (lasso !== null) {
      context.beginPath();
      for (const { x, y } of lasso) {
        context.lineTo(x, y);
      }
      context.closePath();
      context.fillStyle = rgba(ink, 0.1);
      context.fill();
      stroke(context, 1.5);
    }
  }

  function stroke(onto: CanvasRenderingContext2D, width: number): void {
    onto.lineWidth = width;
    onto.strokeStyle = rgba(ink, 0.9);
    onto.stroke();
  }

  const drawnSize = (): number => grown(pointSize(cloud.count), unit() / (size.height / 2));

  const observer = new ResizeObserver(resize);
  observer.observe(area);
  // The number of the screen's pixels changes without the map's size.
  window.addEventListener("resize", resize);
  const endTheme = onTheme(() => {
    readColors();
    scatter.paint(palette);
    overlayFrame.ask();
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
      overlayFrame.ask();
    },
    stress(points) {
      stressed = points;
      scatter.stress(points);
      overlayFrame.ask();
    },
    showThumbnails(isOn) {
      isThumbnails = isOn;
      scatter.canvas.hidden = isOn;
      moved();
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
      if (point !== ringed) {
        ringed = point;
        overlayFrame.ask();
      }
    },
    lasso(path) {
      lasso = path;
      overlayFrame.ask();
    },
    mark(place) {
      marked = place;
      marker.put(place === null ? null : pixelsOf(place));
    },
    destroy() {
      observer.disconnect();
      window.removeEventListener("resize", resize);
      endTheme();
      overlayFrame.cancel();
      scatter.destroy();
      overlay.remove();
      marker.element.remove();
    },
  };
}

function rgba([red, green, blue]: Rgb, opacity: number): string {
  return `rgb(${red} ${green} ${blue} / ${opacity})`;
}
