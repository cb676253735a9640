/** The marker at the current code: a ring with a cross, visible on every color. */

import { make } from "../dom";
import type { Place } from "./transform";

const DRAWING = `<svg viewBox="-16 -16 32 32" width="32" height="32">
  <g class="map-marker-edge"><circle r="8" /><path d="M-14 0h5M9 0h5M0-14v5M0 9v5" /></g>
  <g class="map-marker-line"><circle r="8" /><path d="M-14 0h5M9 0h5M0-14v5M0 9v5" /></g>
</svg>`;

export interface Marker {
  readonly element: HTMLElement;
  /** CSS pixels from the map's top left corner; null hides the marker. */
  put(at: Place | null): void;
}

export function createMarker(): Marker {
  const element = make("div", { class: "map-marker", "aria-hidden": "true", hidden: "" });
  element.innerHTML = DRAWING;
  return {
    element,
    put(at) {
      element.hidden = at === null;
      if (at !== null) {
        element.style.transform = `translate(${at.x.toFixed(1)}px, ${at.y.toFixed(1)}px)`;
      }
    },
  };
}
