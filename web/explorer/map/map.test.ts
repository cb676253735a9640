// @vitest-environment happy-dom
import { beforeEach, expect, test, vi } from "vitest";
import type { LatentMap, MapInfo, MapOptions, Sprite } from "../contracts";
import { createMap } from ".";

/** There is no WebGL here: these tests cover the map without it. */
const PLANE: MapInfo = {
  kind: "codes",
  title: "Latent space",
  axisLabels: ["z1", ""],
  plane: {
    origin: [0, 0],
    axes: [
      [1, 0],
      [0, 1],
    ],
  },
};
const SPRITE: Sprite = {
  info: {
    dataName: "none",
    count: 4,
    channels: 1,
    height: 2,
    width: 2,
    columns: 4,
    labels: "",
    classNames: ["zero", "one"],
  },
  labels: Uint8Array.from([0, 1, 0, 1]),
  picture: document.createElement("canvas"),
  place: (index) => ({ x: 2 * index, y: 0 }),
  pixels: () => new Float32Array(4),
};
const POINTS = Float32Array.from([0, 0, 4, 0, 0, 2, Number.NaN, 1]);

let host: HTMLElement;
let onImage: ReturnType<typeof vi.fn<(index: number) => void>>;
let onPoint: ReturnType<typeof vi.fn<(x: number, y: number) => void>>;

beforeEach(() => {
  host = document.createElement("div");
  document.body.replaceChildren(host);
  onImage = vi.fn();
  onPoint = vi.fn();
});

function mapOf(options: Partial<MapOptions> = {}): Promise<LatentMap> {
  return createMap(host, {
    info: PLANE,
    points: POINTS,
    sprite: SPRITE,
    reconstruct: async () => null,
    onImage,
    onPoint,
    ...options,
  });
}

function press(key: string): void {
  host.querySelector(".map-area")?.dispatchEvent(new KeyboardEvent("keydown", { key }));
}

function named(name: string): HTMLButtonElement | undefined {
  return [...host.querySelectorAll("button")].find((each) => each.textContent === name);
}

test("the map states how many images it shows and leaves out", async () => {
  await mapOf();
  const label = host.querySelector(".map-area")?.getAttribute("aria-label");
  expect(label).toBe("Latent space: map of 3 images");
  expect(host.textContent).toContain("1 of 4 images are left out");
  expect(host.querySelectorAll(".map-axis")).toHaveLength(1);
});

test("arrows walk from the marker, in the data's coordinates", async () => {
  const map = await mapOf();
  map.mark({ x: 1, y: 1 });
  press("ArrowRight");
  press("ArrowRight");
  const [[x1 = 0, y1] = [], [x2 = 0] = []] = onPoint.mock.calls;
  expect(x1).toBeGreaterThan(1);
  expect(y1).toBe(1);
  expect(x2 - x1).toBeCloseTo(x1 - 1, 9);
});

test("without a plane, arrows step from image to image", async () => {
  const map = await mapOf({ info: { ...PLANE, plane: null } });
  map.mark({ x: 0, y: 0 });
  press("ArrowRight");
  expect(onImage).toHaveBeenLastCalledWith(1);
  expect(host.querySelector(".map-hidden")?.textContent).toBe("one, image 1");
  expect(onPoint).not.toHaveBeenCalled();
  expect(named("Walk")).toBeUndefined();
});

test("without an image in that direction, a step stays and says so", async () => {
  const map = await mapOf({ info: { ...PLANE, plane: null } });
  map.mark({ x: 4, y: 0 });
  press("ArrowRight");
  expect(onImage).not.toHaveBeenCalled();
  expect(host.querySelector(".map-hidden")?.textContent).toBe("No image in that direction");
});

test("steps skip hidden classes", async () => {
  const map = await mapOf();
  named("one")?.click();
  expect(named("one")?.getAttribute("aria-pressed")).toBe("false");
  expect(named("All classes")?.getAttribute("aria-pressed")).toBe("false");
  map.mark({ x: 4, y: 0 });
  press("Enter");
  expect(onImage.mock.lastCall?.[0]).not.toBe(1);
  named("All classes")?.click();
  map.mark({ x: 4, y: 0 });
  press("Enter");
  expect(onImage).toHaveBeenLastCalledWith(1);
});

test("places that are not finite are not marked", async () => {
  const map = await mapOf();
  const marker = host.querySelector<HTMLElement>(".map-marker");
  map.mark({ x: 1, y: 1 });
  expect(marker?.hidden).toBe(false);
  map.mark({ x: Number.NaN, y: 1 });
  expect(marker?.hidden).toBe(true);
  map.mark({ x: 1, y: 1 });
  map.mark(null);
  expect(marker?.hidden).toBe(true);
});

test("no labels and no points are allowed", async () => {
  await mapOf({ sprite: { ...SPRITE, labels: null }, points: new Float32Array() });
  expect(host.querySelector(".map-legend")).toBeNull();
  for (const key of ["ArrowUp", "Enter", "+", "-", "0", "Escape"]) {
    press(key);
  }
  expect(onImage).not.toHaveBeenCalled();
});

test("nothing remains after destroy", async () => {
  const map = await mapOf();
  map.destroy();
  expect(host.childNodes).toHaveLength(0);
});
