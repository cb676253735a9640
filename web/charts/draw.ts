import * as Plot from "@observablehq/plot";

interface Series {
  label: string;
  x: number[];
  y: number[];
  text: string[];
  /** x, and the lower and the upper end of the band; empty without one. */
  band: [number, number, number][];
}

/** A chart as the page stores it; see `Chart` in `vaelab.report.charts`. */
export interface Drawing {
  xLabel: string;
  yRange: [number, number];
  hasLogX: boolean;
  hasLogY: boolean;
  hasBars: boolean;
  hasNamedPoints: boolean;
  floor: [number, string] | null;
  best: [number, string] | null;
  names: string[];
  unit: string;
  series: Series[];
}

/** What the pointer shows at one x value. */
export interface Tip {
  x: number;
  y: number;
  title: string;
}

// In the units of the drawing, which the style sheet scales to the width of the page.
const WIDTH = 400;
const HEIGHT = 250;

// Each point has a dot, and each x value a tick, up to these counts.
const MOST_DOTS = 16;
const MOST_TICKS = 12;

// The share of its place that a bar fills.
const BAR_WIDTH = 0.9;

const BAND_OPACITY = 0.22;

// Room for dots at the edges; a named point has more.
const INSET = 5;
const NAMED_INSET = 16;

const TEXT = { fill: "var(--muted)" };

/** Draws a chart. It is hidden from screen readers, for which the page describes it. */
export function draw(drawing: Drawing): SVGElement | HTMLElement {
  const xs = allX(drawing);
  const drawn = Plot.plot({
    width: WIDTH,
    height: HEIGHT,
    marginLeft: 52,
    marginRight: drawing.hasNamedPoints ? 64 : 16,
    marginBottom: 40,
    marginTop: 16,
    style: { fontSize: "11.5px", fontFamily: "inherit" },
    x: {
      type: drawing.hasLogX ? "log" : "linear",
      label: drawing.xLabel,
      labelAnchor: "center",
      labelArrow: "none",
      inset: drawing.hasBars ? 0 : drawing.hasNamedPoints ? NAMED_INSET : INSET,
      ...(drawing.hasLogX || isCounted(xs) ? { ticks: xs, tickFormat: plain } : { ticks: 6 }),
    },
    y: {
      type: drawing.hasLogY ? "log" : "linear",
      domain: drawing.yRange,
      label: null,
      ticks: 5,
      ...(drawing.hasLogY ? { tickFormat: plain } : {}),
    },
    marks: [
      Plot.gridY({ ticks: 5, stroke: "var(--line)", strokeOpacity: 1 }),
      Plot.ruleY([drawing.yRange[0]], { stroke: "var(--muted)" }),
      ...references(drawing),
      ...drawing.series.flatMap((series, index) =>
        drawing.hasBars ? [bars(drawing, series, index)] : lines(drawing, series, index),
      ),
      ...pointer(drawing),
    ],
  });
  drawn.setAttribute("aria-hidden", "true");
  return drawn;
}

/** The values of all series at each x value. */
export function tips(drawing: Drawing): Tip[] {
  const [low, high] = drawing.yRange;
  return allX(drawing).map((x, place) => {
    const rows = drawing.series.flatMap((series) => {
      const index = series.x.indexOf(x);
      return index < 0 ? [] : [{ series, y: series.y[index] ?? low, text: series.text[index] }];
    });
    const lines = rows.map(({ series, text }) => `${series.label} ${text} ${drawing.unit}`.trim());
    return {
      x,
      y: Math.min(high, Math.max(low, ...rows.slice(0, 1).map(({ y }) => y))),
      title: [drawing.names[place] ?? "", ...lines].join("\n"),
    };
  });
}

/** The floor and the best epoch, as lines with their labels. */
function references({ floor, best, yRange, series }: Drawing): Plot.Markish[] {
  const style = { stroke: "var(--muted)", strokeDasharray: "4 4" };
  const marks: Plot.Markish[] = [];
  if (floor !== null) {
    const [y, label] = floor;
    const options = { frameAnchor: "right", textAnchor: "end", dy: -7, ...TEXT } as const;
    marks.push(Plot.ruleY([y], style), Plot.text([label], { ...options, y: [y], text: [label] }));
  }
  if (best !== null) {
    const [x, label] = best;
    const xs = series.flatMap((each) => each.x);
    const isRight = 2 * x > Math.min(...xs) + Math.max(...xs);
    const options = { textAnchor: isRight ? "end" : "start", dx: isRight ? -6 : 6 } as const;
    marks.push(
      Plot.ruleX([x], style),
      Plot.text([label], { ...options, x: [x], y: [yRange[1]], text: [label], dy: 6, ...TEXT }),
    );
  }
  return marks;
}

function lines(drawing: Drawing, series: Series, index: number): Plot.Markish[] {
  const color = `var(--series-${index})`;
  const values = { x: series.x, y: series.y };
  const names = tips(drawing).map(({ title }) => title.split("\n", 1)[0]);
  return [
    Plot.areaY(series.band, {
      x: ([x]) => x,
      y1: ([, low]) => low,
      y2: ([, , high]) => high,
      fill: color,
      fillOpacity: BAND_OPACITY,
      clip: true,
    }),
    Plot.line(series.x, { ...values, stroke: color, strokeWidth: 2, clip: true }),
    ...(series.x.length <= MOST_DOTS || drawing.hasNamedPoints
      ? [Plot.dot(series.x, { ...values, fill: color, r: 3, clip: true })]
      : []),
    ...(drawing.hasNamedPoints
      ? [
          Plot.text(series.x, {
            ...values,
            text: series.x.map((x) => names[allX(drawing).indexOf(x)] ?? ""),
            textAnchor: "start",
            dx: 7,
            dy: -7,
            fill: "var(--text)",
          }),
        ]
      : []),
  ];
}

function bars({ yRange }: Drawing, series: Series, index: number): Plot.Markish {
  const gaps = series.x.slice(1).map((x, place) => x - (series.x[place] ?? x));
  const half =
    (BAR_WIDTH * Math.min(...gaps, series.x.length > 1 ? Number.POSITIVE_INFINITY : 1)) / 2;
  return Plot.rect(series.x, {
    x1: series.x.map((x) => x - half),
    x2: series.x.map((x) => x + half),
    y1: yRange[0],
    y2: series.y,
    fill: `var(--series-${index})`,
  });
}

function pointer(drawing: Drawing): Plot.Markish[] {
  const choose = drawing.hasNamedPoints ? Plot.pointer : Plot.pointerX;
  const shown = tips(drawing);
  return [
    Plot.ruleX(shown, choose({ x: "x", stroke: "var(--text)", strokeWidth: 1 })),
    Plot.tip(shown, choose({ x: "x", y: "y", title: "title" })),
  ];
}

function allX({ series }: Drawing): number[] {
  return [...new Set(series.flatMap(({ x }) => x))].sort((a, b) => a - b);
}

/** Whether the x values count something, and there is room for a tick at each. */
function isCounted(xs: number[]): boolean {
  return xs.length <= MOST_TICKS && xs.every(Number.isInteger);
}

function plain(value: number): string {
  return String(value);
}
