import { afterEach, expect, test, vi } from "vitest";
import { createPlayer, nearestStop, pingPong } from "./player";

afterEach(() => {
  vi.unstubAllGlobals();
});

/** Positions at these frames, in milliseconds. */
function led(stops: number | null, frames: readonly number[]): number[] {
  let next: FrameRequestCallback = () => undefined;
  vi.stubGlobal("requestAnimationFrame", (act: FrameRequestCallback) => {
    next = act;
    return 1;
  });
  const places: number[] = [];
  const player = createPlayer(
    (t) => places.push(t),
    () => stops,
  );
  player.play(0);
  for (const now of frames) {
    next(now);
  }
  return places;
}

test("it plays forth and back", () => {
  const distances = [0, 0.25, 1, 1.25, 2, 2.5, 3.75];
  expect(distances.map(pingPong)).toEqual([0, 0.25, 1, 0.75, 0, 0.5, 0.25]);
});

test("it moves smoothly, and continues after the browser paused it", () => {
  expect(led(null, [0, 40, 80, 9000])).toEqual([0, 0.01, 0.02, 0.045]);
});

test("with stops it waits a second at each", () => {
  const frames = Array.from({ length: 41 }, (_, i) => 100 * i);
  const places = led(3, frames);
  expect(new Set(places)).toEqual(new Set([0, 0.5, 1]));
  expect(places.filter((place) => place === 1)).toHaveLength(10);
});

test("the nearest stop is found", () => {
  expect([0, 0.2, 0.3, 0.9, 1].map((t) => nearestStop(t, 5))).toEqual([0, 0.25, 0.25, 1, 1]);
});
