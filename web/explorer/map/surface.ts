/** Drawing on canvases, sharply and no more often than the screen shows it. */

import type { Size } from "./transform";

/** Give a canvas the pixels of the screen, if it has others; returns how many there are per CSS pixel. */
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

/** Runs `act` in the next frame, once, however often it is asked for. */
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
