// @vitest-environment happy-dom
import { beforeEach, describe, expect, it } from "vitest";
import { inWords, nearest, type Reading, startCharts } from "./charts";

const READING: Reading = {
  x: [52, 200, 386],
  names: ["epoch 1", "epoch 2", "epoch 3"],
  unit: "nats",
  series: [
    {
      label: "training",
      tone: "tone-train",
      mix: null,
      y: [-80, 100, 200],
      values: ["300.00", "250.00", "240.00"],
    },
    {
      label: "<i>validation</i>",
      tone: "tone-mix",
      mix: 40,
      y: [90, null, 210],
      values: ["252.00", "", "241.00"],
    },
  ],
};

function plot(): HTMLElement {
  const found = document.querySelector<HTMLElement>("[data-plot]");
  if (found === null) {
    throw new Error("no plot");
  }
  return found;
}

function press(key: string): void {
  plot().dispatchEvent(new KeyboardEvent("keydown", { key, cancelable: true }));
}

function read(): string | null {
  const box = plot().querySelector<HTMLElement>(".reading");
  return box === null || box.hidden ? null : (box.textContent ?? "");
}

beforeEach(() => {
  document.body.innerHTML = `<div data-plot><svg viewBox="0 0 400 250" role="img"
    aria-labelledby="t"><title id="t">Total by epoch</title></svg>
    <script type="application/json"></script></div>`;
  const script = document.querySelector("script");
  if (script !== null) {
    script.textContent = JSON.stringify(READING);
  }
  startCharts();
});

describe("a chart", () => {
  it("is read by the keyboard, from end to end and no further", () => {
    press("Home");
    expect(read()).toContain("epoch 1");
    press("ArrowLeft");
    expect(plot().getAttribute("aria-valuenow")).toBe("1");
    press("ArrowRight");
    expect(read()).toContain("250.00");
    press("End");
    press("ArrowRight");
    expect(plot().getAttribute("aria-valuenow")).toBe("3");
    press("Escape");
    expect(read()).toBeNull();
  });

  it("tells assistive technology what it shows", () => {
    expect(plot().getAttribute("role")).toBe("slider");
    expect(plot().getAttribute("aria-label")).toBe("Total by epoch");
    expect(plot().getAttribute("aria-valuemax")).toBe("3");
    press("End");
    expect(plot().getAttribute("aria-valuetext")).toBe(
      "epoch 3: training 240.00 nats, <i>validation</i> 241.00 nats",
    );
  });

  it("leaves out what has no value, and dots outside of the frame", () => {
    press("Home");
    expect(plot().querySelectorAll(".reading-dot").length).toBe(1);
    press("ArrowRight");
    expect(read()).not.toContain("validation");
  });

  it("shows names as text", () => {
    press("Home");
    expect(plot().querySelector(".reading i")).toBeNull();
    expect(read()).toContain("<i>validation</i>");
  });
});

describe("the nearest place", () => {
  it("is found on either side", () => {
    expect(nearest(READING.x, -5)).toBe(0);
    expect(nearest(READING.x, 130)).toBe(1);
    expect(nearest(READING.x, 999)).toBe(2);
  });

  it("is told with what there is", () => {
    expect(inWords({ ...READING, unit: "" }, 1)).toBe("epoch 2: training 250.00");
  });
});
