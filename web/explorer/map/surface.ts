/** Drawing on canvases at the screen's resolution and frame rate. */

import type { Size } from "./transform";

/** Set a canvas to the screen's resolution; returns the number of screen pixels per CSS pixel. */
export function fitCanvas(canvas: HTMLCanvasElement, size: Size): number {
  const density = window.devicePixelRatio || 1;
  const width = Math.max(1, Math.round(size.width * density));
  const height = Math.max(1, Math.round(size.height * density));
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
  return density;
}

export interface Frame {
  ask(): void;
  cancel(): void;
}

/** Runs `act` once in the next frame, however often it is requested. */
export function nextFrame(act: () => void): Frame {
  let asked: number | null = null;
  return {
    ask() {
      asked ??= requestAnimationFrame(() => {
        asked = null;
        act();
      });
    },
    cancel() {
      if (asked !== null) {
        cancelAnimationFrame(asked);
        asked = null;
      }
    },
  };
}
