/** Gestures of fingers, mouse and wheel on the map, whatever draws it. */

import type { Place } from "./transform";

/** What dragging does. */
export type Mode = "pan" | "lasso" | "walk";

/** Places are CSS pixels from the map's top left corner. */
export interface Gestures {
  mode(): Mode;
  hover(at: Place | null): void;
  /** `isCoarse`: with a finger. */
  click(at: Place, isCoarse: boolean): void;
  pan(byX: number, byY: number): void;
  /** Returns whether that changed anything. */
  zoom(at: Place, factor: number): boolean;
  walk(at: Place): void;
  /** Whether dragging from here moves the marker instead of panning. */
  isOnMarker(at: Place, isCoarse: boolean): boolean;
  /** The lasso so far. */
  lasso(path: readonly Place[]): void;
  /** The lasso is closed; null if it was canceled. */
  lassoed(path: readonly Place[] | null): void;
}

/** A shorter movement is a click. */
const CLICK_PX = 5;
/** The smallest distance between corners of the lasso. */
const LASSO_PX = 3;
/** Wheel pixels that zoom by a factor of e. */
const WHEEL_PX = 400;
const LINE_PX = 16;
const PAGE_PX = 400;

/** Listen on `area`; the returned function stops it. */
export function listenTo(area: HTMLElement, gestures: Gestures): () => void {
  const stop = new AbortController();
  const pointers = new Map<number, Place>();
  let start: Place | null = null;
  let isDragged = false;
  let isMarkerDragged = false;
  let path: Place[] = [];

  function placeOf(event: MouseEvent): Place {
    const box = area.getBoundingClientRect();
    return {
      x: event.clientX - box.left - area.clientLeft,
      y: event.clientY - box.top - area.clientTop,
    };
  }

  function down(event: PointerEvent): void {
    if (event.button !== 0 || pointers.size >= 2) {
      return;
    }
    const at = placeOf(event);
    area.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, at);
    gestures.hover(null);
    if (pointers.size === 2) {
      // A second finger pinches and ends what the first one start.
      cancelLasso();
      isDragged = true;
      isMarkerDragged = false;
      return;
    }
    start = at;
    isDragged = false;
    isMarkerDragged = gestures.mode() === "pan" && gestures.isOnMarker(at, isCoarse(event));
    path = [at];
    if (gestures.mode() === "walk") {
      gestures.walk(at);
    }
  }

  function move(event: PointerEvent): void {
    const at = placeOf(event);
    const before = pointers.get(event.pointerId);
    if (before === undefined) {
      if (event.pointerType !== "touch" && pointers.size === 0) {
        gestures.hover(at);
      }
      return;
    }
    if (pointers.size === 2) {
      pinch(event.pointerId, before, at);
      return;
    }
    isDragged ||= gestures.mode() === "walk" || distance(start ?? at, at) > CLICK_PX;
    if (isDragged) {
      pointers.set(event.pointerId, at);
      drag(before, at);
    }
  }

  function drag(before: Place, at: Place): void {
    const mode = gestures.mode();
    if (mode === "walk" || isMarkerDragged) {
      gestures.walk(at);
    } else if (mode === "pan") {
      gestures.pan(at.x - before.x, at.y - before.y);
    } else if (path.length > 0 && distance(path[path.length - 1] ?? at, at) >= LASSO_PX) {
      path.push(at);
      gestures.lasso(path);
    }
  }

  function pinch(id: number, before: Place, at: Place): void {
    const other = [...pointers].find(([each]) => each !== id)?.[1];
    pointers.set(id, at);
    if (other === undefined) {
      return;
    }
    gestures.pan((at.x - before.x) / 2, (at.y - before.y) / 2);
    const middle = { x: (at.x + other.x) / 2, y: (at.y + other.y) / 2 };
    const apart = distance(before, other);
    if (apart > 0) {
      gestures.zoom(middle, distance(at, other) / apart);
    }
  }

  function up(event: PointerEvent): void {
    if (!pointers.delete(event.pointerId) || pointers.size > 0) {
      // The other of two fingers may still be down.
      return;
    }
    const lasso = path;
    const wasDragged = isDragged;
    path = [];
    start = null;
    if (!wasDragged && gestures.mode() !== "walk") {
      gestures.click(placeOf(event), isCoarse(event));
    } else if (wasDragged && lasso.length > 0 && gestures.mode() === "lasso") {
      gestures.lassoed(lasso);
    }
  }

  function cancelLasso(): void {
    if (path.length > 1) {
      gestures.lassoed(null);
    }
    path = [];
  }

  function cancel(event: PointerEvent): void {
    pointers.delete(event.pointerId);
    cancelLasso();
  }

  function wheel(event: WheelEvent): void {
    const pixels = event.deltaY * ([1, LINE_PX, PAGE_PX][event.deltaMode] ?? 1);
    // Browsers report a pinch on a touchpad as small turns of the wheel with Ctrl.
    const factor = Math.exp((-pixels * (event.ctrlKey ? 4 : 1)) / WHEEL_PX);
    // At the smallest and largest zoom the wheel scrolls the page.
    if (gestures.zoom(placeOf(event), factor) || event.ctrlKey) {
      event.preventDefault();
    }
  }

  const { signal } = stop;
  area.addEventListener("pointerdown", down, { signal });
  area.addEventListener("pointermove", move, { signal });
  area.addEventListener("pointerup", up, { signal });
  area.addEventListener("pointercancel", cancel, { signal });
  area.addEventListener("pointerleave", () => gestures.hover(null), { signal });
  area.addEventListener("wheel", wheel, { signal, passive: false });
  return () => stop.abort();
}

/** With a finger. */
function isCoarse(event: PointerEvent): boolean {
  return event.pointerType === "touch";
}

function distance(a: Place, b: Place): number {
  return Math.hypot(a.x - b.x, a.y - b.y);
}
