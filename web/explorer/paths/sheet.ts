/** A canvas to draw on, light on dark like the data. */

import { button, make } from "../dom";
import type { Bytes } from "./resample";

const LONGEST_SIDE = 280;
const PEN = { least: 4, usual: 24, most: 64 };
const LIGHT = "#ffffff";
const DARK = "#000000";

export interface Sheet {
  readonly element: HTMLElement;
}

interface Place {
  x: number;
  y: number;
}

/** A whole number of canvas pixels for each pixel of the model's images. */
export function sheetSize(info: { width: number; height: number }): {
  width: number;
  height: number;
} {
  const scale = Math.max(1, Math.floor(LONGEST_SIDE / Math.max(info.width, info.height)));
  return { width: scale * info.width, height: scale * info.height };
}

export function createSheet(
  info: { width: number; height: number },
  onUse: (drawing: Bytes) => void,
): Sheet {
  const { width, height } = sheetSize(info);
  const canvas = make("canvas", { class: "paths-sheet", role: "img", "aria-label": "Drawing" });
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const size = make("input", {
    type: "range",
    min: String(PEN.least),
    max: String(PEN.most),
    value: String(PEN.usual),
  });
  const pen = button("Pen", () => choose(pen), "paths-button");
  const eraser = button("Eraser", () => choose(eraser), "paths-button");

  function choose(tool: HTMLButtonElement): void {
    for (const each of [pen, eraser]) {
      each.setAttribute("aria-pressed", String(each === tool));
    }
  }

  function clear(): void {
    if (context !== null) {
      context.fillStyle = DARK;
      context.fillRect(0, 0, width, height);
    }
  }

  function stroke(from: Place, to: Place): void {
    if (context !== null) {
      context.strokeStyle = pen.getAttribute("aria-pressed") === "true" ? LIGHT : DARK;
      context.lineWidth = size.valueAsNumber;
      context.lineCap = "round";
      context.beginPath();
      context.moveTo(from.x, from.y);
      context.lineTo(to.x, to.y);
      context.stroke();
    }
  }

  function use(): void {
    if (context !== null) {
      onUse(context.getImageData(0, 0, width, height));
    }
  }

  followPointer(canvas, stroke);
  choose(pen);
  clear();
  return {
    element: make(
      "div",
      { class: "paths-drawing" },
      canvas,
      make(
        "div",
        { class: "paths-tools" },
        make("div", { class: "paths-buttons", role: "group", "aria-label": "Tool" }, pen, eraser),
        make("label", { class: "paths-setting" }, "Size", size),
        button("Clear", clear, "paths-button"),
        button("Use this drawing", use, "paths-button paths-main"),
      ),
    ),
  };
}

/** Draws lines while a pointer is down; a touch draws a dot. */
function followPointer(canvas: HTMLCanvasElement, stroke: (from: Place, to: Place) => void): void {
  let down: { pointer: number; last: Place } | null = null;

  function placeOf(event: PointerEvent): Place {
    const box = canvas.getBoundingClientRect();
    return {
      x: ((event.clientX - box.left) / box.width) * canvas.width,
      y: ((event.clientY - box.top) / box.height) * canvas.height,
    };
  }

  canvas.addEventListener("pointerdown", (event) => {
    // A second finger and other buttons draw nothing.
    if (down !== null || event.button !== 0) {
      return;
    }
    event.preventDefault();
    canvas.setPointerCapture(event.pointerId);
    const place = placeOf(event);
    down = { pointer: event.pointerId, last: place };
    stroke(place, place);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (down?.pointer !== event.pointerId) {
      return;
    }
    // Fast strokes have positions between frames; not every browser reports them.
    const between = event.getCoalescedEvents?.() ?? [];
    for (const each of between.length > 0 ? between : [event]) {
      const place = placeOf(each);
      stroke(down.last, place);
      down.last = place;
    }
  });
  for (const name of ["pointerup", "pointercancel"] as const) {
    canvas.addEventListener(name, (event) => {
      if (down?.pointer === event.pointerId) {
        down = null;
      }
    });
  }
}
