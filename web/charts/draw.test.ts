// @vitest-environment happy-dom
import { describe, expect, it } from "vitest";
import { type Drawing, draw, tips } from "./draw";

const DRAWING: Drawing = {
  xLabel: "epoch",
  yRange: [235, 260],
  hasLogX: false,
  hasLogY: false,
  hasBars: false,
  hasNamedPoints: false,
  floor: [238, "floor 238.00"],
  best: [3, "best epoch: 3"],
  names: ["epoch 1", "epoch 2", "epoch 3"],
  unit: "nats",
  series: [
    {
      label: "training",
      x: [1, 2, 3],
      y: [300, 250, 240],
      text: ["300.00", "250.00", "240.00"],
      band: [],
    },
    {
      label: "<i>validation</i>",
      x: [1, 3],
      y: [252, 241],
      text: ["252.00", "241.00"],
      band: [],
    },
  ],
};

function texts(drawing: Drawing): string[] {
  return [...draw(drawing).querySelectorAll("text")].map((text) => text.textContent ?? "");
}

describe("a chart", () => {
  it("has a line and dots for each series", () => {
    const drawn = draw(DRAWING);
    expect(drawn.querySelectorAll('[aria-label="line"] path').length).toBe(2);
    expect(drawn.querySelectorAll('[aria-label="dot"] circle').length).toBe(5);
    expect(drawn.innerHTML).toContain("var(--series-1)");
  });

  it("has a band where a series has one", () => {
    const [first, second] = DRAWING.series;
    const band: [number, number, number][] = [
      [1, 250, 254],
      [3, 240, 242],
    ];
    const series = [first, { ...second, band }] as Drawing["series"];
    const areas = (drawing: Drawing) =>
      [...draw(drawing).querySelectorAll('[aria-label="area"]')].filter(
        (each) => each.querySelector("path") !== null,
      );
    expect(areas(DRAWING)).toEqual([]);
    const [area, ...others] = areas({ ...DRAWING, series });
    expect(others).toEqual([]);
    expect(area?.outerHTML).toContain('fill="var(--series-1)"');
  });

  it("labels its axis, the floor and the best epoch", () => {
    const found = texts(DRAWING);
    expect(found).toContain("epoch");
    expect(found).toContain("floor 238.00");
    expect(found).toContain("best epoch: 3");
  });

  it("has no dots on long lines", () => {
    const x = Array.from({ length: 100 }, (_, index) => index + 1);
    const series = [{ label: "run", x, y: x, text: x.map(String), band: [] }];
    const drawn = draw({ ...DRAWING, yRange: [0, 101], series, names: x.map(String) });
    expect(drawn.querySelectorAll("circle").length).toBe(0);
  });

  it("has a bar for each value, also on a logarithmic axis", () => {
    const series = [
      { label: "pixels", x: [0.1, 0.3], y: [50, 0.8], text: ["50.0", "0.8"], band: [] },
    ];
    const bars = { hasBars: true, hasLogY: true, floor: null, best: null, series };
    const drawn = draw({ ...DRAWING, ...bars, yRange: [0.1, 100] });
    const heights = [...drawn.querySelectorAll('[aria-label="rect"] rect')].map((bar) =>
      Number(bar.getAttribute("height")),
    );
    expect(heights.length).toBe(2);
    expect(heights[0]).toBeGreaterThan(heights[1] ?? Number.POSITIVE_INFINITY);
    expect(heights[1]).toBeGreaterThan(0);
  });

  it("names its points", () => {
    const series = [{ label: "run", x: [5, 20], y: [250, 240], text: ["250", "240"], band: [] }];
    expect(texts({ ...DRAWING, hasNamedPoints: true, names: ["β = 4", "β = 1"], series })).toEqual(
      expect.arrayContaining(["β = 4", "β = 1"]),
    );
  });

  it("has a tick at each value of a logarithmic axis", () => {
    const series = [{ label: "run", x: [0.25, 4], y: [250, 240], text: ["250", "240"], band: [] }];
    const found = texts({ ...DRAWING, hasLogX: true, best: null, series });
    expect(found).toEqual(expect.arrayContaining(["0.25", "4"]));
  });
});

describe("the box at the pointer", () => {
  it("states the values of every series that has one", () => {
    const [first, second] = tips(DRAWING);
    expect(first?.title).toBe("epoch 1\ntraining 300.00 nats\n<i>validation</i> 252.00 nats");
    expect(second?.title).toBe("epoch 2\ntraining 250.00 nats");
  });

  it("stays inside the chart", () => {
    expect(tips(DRAWING).map(({ y }) => y)).toEqual([260, 250, 240]);
  });
});
