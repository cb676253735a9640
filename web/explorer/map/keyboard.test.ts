// @vitest-environment happy-dom
import { expect, test, vi } from "vitest";
import { type Keys, press } from "./keyboard";

function recorded(): Keys {
  return {
    step: vi.fn(),
    zoom: vi.fn(),
    reset: vi.fn(),
    choose: vi.fn(),
    cancel: vi.fn(() => false),
  };
}

test("arrows step, with Shift by small steps", () => {
  const keys = recorded();
  expect(press(keys, new KeyboardEvent("keydown", { key: "ArrowUp" }))).toBe(true);
  expect(keys.step).toHaveBeenLastCalledWith({ x: 0, y: 1 }, false);
  press(keys, new KeyboardEvent("keydown", { key: "ArrowLeft", shiftKey: true }));
  expect(keys.step).toHaveBeenLastCalledWith({ x: -1, y: 0 }, true);
});

test("plus and minus zoom by the same factor, 0 resets, Enter chooses", () => {
  const keys = recorded();
  const factors = ["+", "-"].map((key) => {
    press(keys, new KeyboardEvent("keydown", { key }));
    return vi.mocked(keys.zoom).mock.lastCall?.[0] ?? 0;
  });
  expect((factors[0] ?? 0) * (factors[1] ?? 0)).toBeCloseTo(1, 12);
  press(keys, new KeyboardEvent("keydown", { key: "0" }));
  press(keys, new KeyboardEvent("keydown", { key: "Enter" }));
  expect(keys.reset).toHaveBeenCalledOnce();
  expect(keys.choose).toHaveBeenCalledOnce();
});

test("other keys and the browser's shortcuts are ignored", () => {
  const keys = recorded();
  for (const event of [{ key: "a" }, { key: "Tab" }, { key: "0", ctrlKey: true }]) {
    expect(press(keys, new KeyboardEvent("keydown", event))).toBe(false);
  }
  expect(press(keys, new KeyboardEvent("keydown", { key: "Escape" }))).toBe(false);
  expect(keys.reset).not.toHaveBeenCalled();
});
