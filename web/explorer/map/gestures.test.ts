// @vitest-environment happy-dom
import { beforeEach, expect, test, vi } from "vitest";
import { type Gestures, listenTo, type Mode } from "./gestures";

let area: HTMLElement;
let mode: Mode;
let gestures: Gestures;
let stop: () => void;

beforeEach(() => {
  area = document.createElement("div");
  area.setPointerCapture = () => undefined;
  mode = "pan";
  gestures = {
    mode: () => mode,
    hover: vi.fn(),
    click: vi.fn(),
    pan: vi.fn(),
    zoom: vi.fn(() => true),
    walk: vi.fn(),
    isOnMarker: vi.fn(() => false),
    lasso: vi.fn(),
    lassoed: vi.fn(),
  };
  stop = listenTo(area, gestures);
});

function send(type: string, x: number, y: number, pointerId = 1): void {
  area.dispatchEvent(
    new PointerEvent(type, { clientX: x, clientY: y, pointerId, button: 0, pointerType: "mouse" }),
  );
}

function drag(...places: [number, number][]): void {
  const [first = [0, 0], ...others] = places;
  send("pointerdown", ...first);
  for (const place of others) {
    send("pointermove", ...place);
  }
  send("pointerup", ...(others[others.length - 1] ?? first));
}

test("a small movement clicks, a larger one pans", () => {
  drag([10, 10], [12, 11]);
  expect(gestures.click).toHaveBeenCalledExactlyOnceWith({ x: 12, y: 11 }, false);
  expect(gestures.pan).not.toHaveBeenCalled();
  drag([10, 10], [40, 30], [50, 20]);
  expect(vi.mocked(gestures.pan).mock.calls).toEqual([
    [30, 20],
    [10, -10],
  ]);
  expect(gestures.click).toHaveBeenCalledOnce();
});

test("walking begins at once, without a click", () => {
  mode = "walk";
  drag([10, 10], [11, 10], [12, 10]);
  expect(vi.mocked(gestures.walk).mock.calls.map(([at]) => at.x)).toEqual([10, 11, 12]);
  expect(gestures.click).not.toHaveBeenCalled();
});

test("dragging the marker moves it instead of panning, and clicking it is a click", () => {
  vi.mocked(gestures.isOnMarker).mockImplementation(({ x }) => x < 20);
  drag([10, 10], [12, 11]);
  expect(gestures.click).toHaveBeenCalledOnce();
  expect(gestures.walk).not.toHaveBeenCalled();
  drag([10, 10], [40, 30], [50, 20]);
  expect(vi.mocked(gestures.walk).mock.calls.map(([at]) => at.x)).toEqual([40, 50]);
  expect(gestures.pan).not.toHaveBeenCalled();
  drag([30, 10], [60, 30]);
  expect(gestures.pan).toHaveBeenCalledExactlyOnceWith(30, 20);
});

test("a lasso is reported when it is closed", () => {
  mode = "lasso";
  drag([0, 0], [20, 0], [20, 20]);
  expect(gestures.lassoed).toHaveBeenCalledExactlyOnceWith([
    { x: 0, y: 0 },
    { x: 20, y: 0 },
    { x: 20, y: 20 },
  ]);
});

test("two fingers zoom around their middle and cancel a lasso", () => {
  mode = "lasso";
  send("pointerdown", 0, 0);
  send("pointermove", 20, 0);
  send("pointerdown", 40, 0, 2);
  expect(gestures.lassoed).toHaveBeenCalledExactlyOnceWith(null);
  send("pointermove", 60, 0, 2);
  expect(gestures.zoom).toHaveBeenCalledExactlyOnceWith({ x: 40, y: 0 }, 2);
  send("pointerup", 60, 0, 2);
  send("pointermove", 30, 30);
  send("pointerup", 30, 30);
  expect(gestures.lassoed).toHaveBeenCalledOnce();
  expect(gestures.click).not.toHaveBeenCalled();
});

test("the wheel zooms, and scrolls the page at the end of the zoom", () => {
  const turn = (): WheelEvent => {
    const event = new WheelEvent("wheel", { deltaY: -100, cancelable: true });
    area.dispatchEvent(event);
    return event;
  };
  expect(turn().defaultPrevented).toBe(true);
  expect(vi.mocked(gestures.zoom).mock.lastCall?.[1]).toBeGreaterThan(1);
  vi.mocked(gestures.zoom).mockReturnValue(false);
  expect(turn().defaultPrevented).toBe(false);
});

test("after the end no event is handled", () => {
  stop();
  drag([10, 10], [40, 30]);
  expect(gestures.pan).not.toHaveBeenCalled();
});
