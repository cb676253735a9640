/** There and back again, until it is told to stop. */

const MS_PER_WAY = 4000;
const MS_PER_STOP = 1000;
/** After a pause of the browser's own, go on from where it was. */
const LONGEST_FRAME_MS = 100;

export interface Player {
  readonly isPlaying: boolean;
  /** Starts at a share of the way. */
  play(from: number): void;
  pause(): void;
}

/** Where one is after `distance` ways from 0 on. */
export function pingPong(distance: number): number {
  const there = distance % 2;
  return there <= 1 ? there : 2 - there;
}

/** The nearest of `count` evenly spread places from 0 to 1. */
export function nearestStop(t: number, count: number): number {
  return Math.round(t * (count - 1)) / (count - 1);
}

/** `stops`: how many places to stay at on the way, for those who want little motion; null: none. */
export function createPlayer(onMove: (t: number) => void, stops: () => number | null): Player {
  let frame: number | null = null;
  let distance = 0;
  let last: number | null = null;

  function move(now: number): void {
    const passed = last === null ? 0 : Math.min(now - last, LONGEST_FRAME_MS);
    last = now;
    const count = stops();
    distance += passed / (count === null ? MS_PER_WAY : (count - 1) * MS_PER_STOP);
    frame = requestAnimationFrame(move);
    const t = pingPong(distance);
    onMove(count === null ? t : nearestStop(t, count));
  }

  return {
    get isPlaying() {
      return frame !== null;
    },
    play(from) {
      // Where it went last, back or forth, it goes on; from the far end only back.
      const isOnWayBack = distance % 2 > 1 && from > 0;
      distance = isOnWayBack ? 2 - from : from;
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
