/** Overlays of the map: the lasso, and a ring around the point under the pointer. */

import { make } from "../dom";
import type { Place } from "./transform";

/** SVG follows the page's theme by itself, and is not redrawn while panning. */
const DRAWING = `<svg class="map-traces"><polygon class="map-lasso" /><circle class="map-ring" /></svg>`;

export interface Traces {
  readonly element: HTMLElement;
  /** Places are CSS pixels from the map's top left corner; null draws none. */
  lasso(path: readonly Place[] | null): void;
  ring(at: Place | null, radius: number): void;
}

export function createTraces(): Traces {
  const element = make("div", { "aria-hidden": "true" });
  element.innerHTML = DRAWING;
  const polygon = element.querySelector("polygon");
  const circle = element.querySelector("circle");
  return {
    element,
    lasso(path) {
      const corners = (path ?? []).map(({ x, y }) => `${x.toFixed(1)},${y.toFixed(1)}`);
      polygon?.setAttribute("points", corners.join(" "));
    },
    ring(at, radius) {
      // A circle without a radius is not drawn.
      circle?.setAttribute("r", at === null ? "0" : radius.toFixed(1));
      circle?.setAttribute("cx", (at?.x ?? 0).toFixed(1));
      circle?.setAttribute("cy", (at?.y ?? 0).toFixed(1));
    },
  };
}
