// @vitest-environment happy-dom
import { expect, test } from "vitest";
import { createTraces } from "./traces";

test("a lasso is drawn while it exists", () => {
  const traces = createTraces();
  const points = (): string | null | undefined =>
    traces.element.querySelector("polygon")?.getAttribute("points");
  traces.lasso([
    { x: 1, y: 2 },
    { x: 3.25, y: 4 },
  ]);
  expect(points()).toBe("1.0,2.0 3.3,4.0");
  traces.lasso(null);
  expect(points()).toBe("");
});

test("a ring is drawn around a place, and not without one", () => {
  const traces = createTraces();
  const read = (name: string): number =>
    Number(traces.element.querySelector("circle")?.getAttribute(name));
  traces.ring({ x: 10, y: 20 }, 5);
  expect(["cx", "cy", "r"].map(read)).toEqual([10, 20, 5]);
  traces.ring(null, 5);
  expect(read("r")).toBe(0);
});
