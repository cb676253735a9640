/** Plays an interpolation forth and back until it is paused. */

/** From one end to the other. */
const MS_PER_PASS = 4000;
const MS_PER_STOP = 1000;
/** After the browser paused the page, playing continues from where it was. */
const LONGEST_FRAME_MS = 100;

export interface Player {
  readonly isPlaying: boolean;
  /** Starts at a position from 0 to 1. */
  play(from: number): void;
  pause(): void;
}

/** The position after `distance` passes, starting at 0. */
export function pingPong(distance: number): number {
  const position = distance % 2;
  return position <= 1 ? position : 2 - position;
}

/** The nearest of `count` evenly spaced positions from 0 to 1. */
export function nearestStop(t: number, count: number): number {
  return Math.round(t * (count - 1)) / (count - 1);
}

/**
 * `stops`: number of positions to jump between, for those who prefer reduced motion; null to move
 * smoothly.
 */
export function createPlayer(onMove: (t: number) => void, stops: () => number | null): Player {
  let frame: number | null = null;
  let distance = 0;
  let last: number | null = null;

  function move(now: number): void {
    const passed = last === null ? 0 : Math.min(now - last, LONGEST_FRAME_MS);
    last = now;
    const count = stops();
    distance += passed / (count === null ? MS_PER_PASS : (count - 1) * MS_PER_STOP);
    frame = requestAnimationFrame(move);
    const t = pingPong(distance);
    onMove(count === null ? t : nearestStop(t, count));
  }

  return {
    get isPlaying() {
      return frame !== null;
    },
    play(from) {
      // In the last direction; from the far end only backwards.
      const isBackwards = distance % 2 > 1 && from > 0;
      distance = isBackwards ? 2 - from : from;
      last = null;
      frame ??= requestAnimationFrame(move);
    },
    pause() {
      if (frame !== null) {
        cancelAnimationFrame(frame);
        frame = null;
      }
    },
  };
}
