// @vitest-environment happy-dom
import { expect, test, vi } from "vitest";
import { type Keys, press } from "./keyboard";

function recorded(): Keys {
  return {
    step: vi.fn(),
    zoom: vi.fn(),
    reset: vi.fn(),
    choose: vi.fn(),
    giveUp: vi.fn(() => false),
  };
}

test("arrows step, and with Shift by little", () => {
  const keys = recorded();
  expect(press(keys, new KeyboardEvent("keydown", { key: "ArrowUp" }))).toBe(true);
  expect(keys.step).toHaveBeenLastCalledWith({ x: 0, y: 1 }, false);
  press(keys, new KeyboardEvent("keydown", { key: "ArrowLeft", shiftKey: true }));
  expect(keys.step).toHaveBeenLastCalledWith({ x: -1, y: 0 }, true);
});

test("plus and minus zoom by as much, 0 resets, Enter chooses", () => {
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

test("other keys, and the browser's own, are left alone", () => {
  const keys = recorded();
  for (const event of [{ key: "a" }, { key: "Tab" }, { key: "0", ctrlKey: true }]) {
    expect(press(keys, new KeyboardEvent("keydown", event))).toBe(false);
  }
  expect(press(keys, new KeyboardEvent("keydown", { key: "Escape" }))).toBe(false);
  expect(keys.reset).not.toHaveBeenCalled();
});
