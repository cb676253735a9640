/** One slider for each latent dimension, in falling order of KL or variance. */

import type { Dimension, Model } from "./contracts";
import { make } from "./dom";

/** Standard deviations on either side of the center. */
const REACH = 3;
/** A dimension with less KL than this, in nats, has collapsed to the prior. */
const COLLAPSED_NATS = 0.01;

export interface Sliders {
  readonly element: HTMLElement;
  show(code: Float32Array): void;
}

export function createSliders(model: Model, onChange: (code: Float32Array) => void): Sliders {
  const code = new Float32Array(model.latentSize);
  const rows = model.dimensions.map((dimension) =>
    createRow(dimension, (value) => {
      code[dimension.index] = value;
      onChange(code.slice());
    }),
  );
  const active = rows.filter((row) => !row.isCollapsed);
  const collapsed = rows.filter((row) => row.isCollapsed);
  const element = make(
    "div",
    { class: "ex-sliders" },
    noteOf(model),
    ...active.map((row) => row.element),
  );
  const longest = Math.max(0, ...model.dimensions.map(({ name }) => name.length));
  element.style.setProperty("--ex-name-width", `${longest}ch`);
  if (collapsed.length > 0) {
    element.append(
      make(
        "details",
        { class: "ex-collapsed" },
        make("summary", {}, collapsedSummary(collapsed.length)),
        ...collapsed.map((row) => row.element),
      ),
    );
  }
  return {
    element,
    show(shown) {
      code.set(shown);
      for (const row of rows) {
        row.show(shown[row.index] ?? 0);
      }
    },
  };
}

/** Which dimensions have sliders, where not all have. */
export function sliderNote({ dimensions, latentSize }: Model): string | null {
  if (dimensions.length === latentSize) {
    return null;
  }
  const size = latentSize.toLocaleString("en");
  if (dimensions.length === 0) {
    return `A code of ${size} numbers is too large for sliders: choose images, or points on the map.`;
  }
  const order = dimensions[0]?.klNats === null ? "variance" : "KL";
  return `The ${dimensions.length} of ${size} latent dimensions with the largest ${order}`;
}

function noteOf(model: Model): HTMLElement | null {
  const note = sliderNote(model);
  return note === null ? null : make("p", { class: "ex-slider-note" }, note);
}

function collapsedSummary(count: number): string {
  return count === 1 ? "1 collapsed dimension" : `${count} collapsed dimensions`;
}

interface Row {
  readonly element: HTMLElement;
  readonly index: number;
  readonly isCollapsed: boolean;
  show(value: number): void;
}

function createRow(dimension: Dimension, onInput: (value: number) => void): Row {
  const { index, name, klNats, center, scale } = dimension;
  const input = make("input", {
    type: "range",
    min: String(center - REACH * scale),
    max: String(center + REACH * scale),
    step: String(scale / 100),
    "aria-label": klNats === null ? name : `${name}, ${klNats.toFixed(2)} nats`,
  });
  const value = make("span", { class: "ex-value" });
  const write = (shown: number): void => {
    value.textContent = shown.toFixed(2);
    input.setAttribute("aria-valuetext", shown.toFixed(2));
  };
  input.addEventListener("input", () => {
    write(input.valueAsNumber);
    onInput(input.valueAsNumber);
  });
  return {
    element: make(
      "label",
      { class: "ex-slider" },
      make("span", { class: "ex-name" }, name),
      input,
      value,
      make("span", { class: "ex-kl" }, klNats === null ? "" : `${klNats.toFixed(2)} nats`),
    ),
    index,
    isCollapsed: klNats !== null && klNats < COLLAPSED_NATS,
    show(shown) {
      input.value = String(shown);
      write(shown);
    },
  };
}
