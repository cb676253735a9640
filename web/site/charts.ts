// Values of a chart where the pointer is, or where the arrow keys lead.

interface Series {
  label: string;
  tone: string;
  mix: number | null;
  y: (number | null)[];
  values: string[];
}

/** What the page stores with a chart: places in units of its viewBox, and texts. */
export interface Reading {
  x: number[];
  names: string[];
  unit: string;
  series: Series[];
}

const SVG = "http://www.w3.org/2000/svg";

export function startCharts(): void {
  for (const plot of document.querySelectorAll<HTMLElement>("[data-plot]")) {
    startChart(plot);
  }
}

export function startChart(plot: HTMLElement): void {
  const svg = plot.querySelector("svg");
  const source = plot.querySelector("script")?.textContent;
  if (svg === null || !source) {
    return;
  }
  const reading = JSON.parse(source) as Reading;
  if (reading.x.length > 0) {
    new ReadableChart(plot, svg, reading);
  }
}

/** The index of the nearest of `places`, which rise. */
export function nearest(places: number[], to: number): number {
  let best = 0;
  places.forEach((place, index) => {
    if (Math.abs(place - to) < Math.abs((places[best] ?? Number.POSITIVE_INFINITY) - to)) {
      best = index;
    }
  });
  return best;
}

/** The values at an index, in one line. */
export function inWords(reading: Reading, index: number): string {
  const unit = reading.unit === "" ? "" : ` ${reading.unit}`;
  const values = reading.series
    .filter((series) => series.values[index])
    .map((series) => `${series.label} ${series.values[index]}${unit}`);
  return `${reading.names[index] ?? ""}: ${values.join(", ")}`;
}

class ReadableChart {
  private index: number | null = null;
  private readonly cursor = document.createElementNS(SVG, "g");
  private readonly box = document.createElement("div");

  constructor(
    private readonly plot: HTMLElement,
    private readonly svg: SVGSVGElement,
    private readonly reading: Reading,
  ) {
    svg.append(this.cursor);
    this.box.className = "reading";
    this.box.hidden = true;
    plot.append(this.box);
    // A slider is what assistive technology reads out as it moves.
    plot.tabIndex = 0;
    plot.setAttribute("role", "slider");
    plot.setAttribute("aria-label", svg.querySelector("title")?.textContent ?? "");
    plot.setAttribute("aria-valuemin", "1");
    plot.setAttribute("aria-valuemax", String(reading.x.length));
    this.tell(reading.x.length - 1);
    svg.setAttribute("aria-hidden", "true");
    // Its own tooltip would cover the values.
    svg.querySelector("title")?.remove();
    svg.removeAttribute("aria-labelledby");
    plot.addEventListener("pointermove", (event) => this.follow(event));
    plot.addEventListener("pointerdown", (event) => this.follow(event));
    plot.addEventListener("pointerleave", () => this.hide());
    plot.addEventListener("focus", () => {
      if (plot.matches(":focus-visible")) {
        this.show(this.index ?? reading.x.length - 1);
      }
    });
    plot.addEventListener("blur", () => this.hide());
    plot.addEventListener("keydown", (event) => this.press(event));
  }

  private follow(event: PointerEvent): void {
    const frame = this.svg.getBoundingClientRect();
    const width = this.svg.viewBox.baseVal.width;
    const x = ((event.clientX - frame.left) / frame.width) * width;
    this.show(nearest(this.reading.x, x));
  }

  private press(event: KeyboardEvent): void {
    const last = this.reading.x.length - 1;
    const now = this.index ?? last;
    const target: Record<string, number> = {
      ArrowLeft: now - 1,
      ArrowDown: now - 1,
      ArrowRight: now + 1,
      ArrowUp: now + 1,
      Home: 0,
      End: last,
    };
    if (event.key === "Escape") {
      this.hide();
      return;
    }
    const chosen = target[event.key];
    if (chosen !== undefined) {
      event.preventDefault();
      this.show(Math.min(last, Math.max(0, chosen)));
    }
  }

  private show(index: number): void {
    this.index = index;
    this.tell(index);
    const x = this.reading.x[index] ?? 0;
    this.cursor.replaceChildren(this.rule(x), ...this.dots(index, x));
    this.box.replaceChildren(...this.lines(index));
    this.box.hidden = false;
    const { width, height } = this.svg.viewBox.baseVal;
    const share = x / width;
    // On the side with more room, so that it does not leave the chart.
    this.box.style.left = share < 0.5 ? `calc(${100 * share}% + 10px)` : "auto";
    this.box.style.right = share < 0.5 ? "auto" : `calc(${100 * (1 - share)}% + 10px)`;
    this.box.style.top = `${(100 * 16) / height}%`;
  }

  private tell(index: number): void {
    this.plot.setAttribute("aria-valuenow", String(index + 1));
    this.plot.setAttribute("aria-valuetext", inWords(this.reading, index));
  }

  private hide(): void {
    this.cursor.replaceChildren();
    this.box.hidden = true;
  }

  private rule(x: number): SVGElement {
    const rule = document.createElementNS(SVG, "line");
    const bottom = this.svg.viewBox.baseVal.height - 40;
    rule.setAttribute("class", "cursor");
    rule.setAttribute("x1", String(x));
    rule.setAttribute("x2", String(x));
    rule.setAttribute("y1", "16");
    rule.setAttribute("y2", String(bottom));
    return rule;
  }

  private dots(index: number, x: number): SVGElement[] {
    const top = 11;
    return this.reading.series.flatMap((series) => {
      const y = series.y[index];
      // A value above the frame has no place in it.
      if (y === null || y === undefined || y < top) {
        return [];
      }
      const dot = document.createElementNS(SVG, "circle");
      dot.setAttribute("class", `reading-dot ${series.tone}`);
      mix(dot, series);
      dot.setAttribute("cx", String(x));
      dot.setAttribute("cy", String(y));
      dot.setAttribute("r", "4.5");
      return [dot];
    });
  }

  private lines(index: number): HTMLElement[] {
    const head = document.createElement("p");
    head.textContent = this.reading.names[index] ?? "";
    const values = this.reading.series.flatMap((series) => {
      const value = series.values[index];
      if (!value) {
        return [];
      }
      const line = document.createElement("p");
      const swatch = document.createElement("span");
      swatch.className = `swatch ${series.tone}`;
      mix(swatch, series);
      const strong = document.createElement("strong");
      strong.textContent = value;
      line.append(swatch, `${series.label} `, strong);
      return [line];
    });
    return [head, ...values];
  }
}

function mix(element: HTMLElement | SVGElement, series: Series): void {
  if (series.mix !== null) {
    element.style.setProperty("--mix", `${series.mix}%`);
  }
}
