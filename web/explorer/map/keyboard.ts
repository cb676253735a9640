/** Keys of the map. */

import type { Place } from "./transform";

export interface Keys {
  /** A unit vector, upwards positive; `isFine`: a small step. */
  step(towards: Place, isFine: boolean): void;
  zoom(factor: number): void;
  reset(): void;
  /** Enter. */
  choose(): void;
  /** Escape; returns whether there was anything to cancel. */
  cancel(): boolean;
}

const ZOOM = 1.4;

const ARROWS: Record<string, Place> = {
  ArrowLeft: { x: -1, y: 0 },
  ArrowRight: { x: 1, y: 0 },
  ArrowUp: { x: 0, y: 1 },
  ArrowDown: { x: 0, y: -1 },
};

/** Returns whether the key has a meaning here. */
export function press(keys: Keys, event: KeyboardEvent): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey) {
    return false;
  }
  const arrow = ARROWS[event.key];
  if (arrow !== undefined) {
    keys.step(arrow, event.shiftKey);
    return true;
  }
  switch (event.key) {
    case "+":
    case "=":
      keys.zoom(ZOOM);
      return true;
    case "-":
    case "_":
      keys.zoom(1 / ZOOM);
      return true;
    case "0":
      keys.reset();
      return true;
    case "Enter":
      keys.choose();
      return true;
    case "Escape":
      return keys.cancel();
    default:
      return false;
  }
}
