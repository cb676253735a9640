/** A slider for each latent dimension, those that say most first. */

import type { Dimension, Model } from "./contracts";
import { make } from "./dom";

/** Standard deviations of the prior on either side. */
const REACH = 3;
/** A dimension with less KL than this, in nats, carries nothing that one could see. */
const SILENT_NATS = 0.01;

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
  const speaks = rows.filter((row) => !row.isSilent);
  const silent = rows.filter((row) => row.isSilent);
  const element = make("div", { class: "ex-sliders" }, ...speaks.map((row) => row.element));
  if (silent.length > 0) {
    element.append(
      make(
        "details",
        { class: "ex-silent" },
        make("summary", {}, silence(silent.length)),
        ...silent.map((row) => row.element),
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

function silence(count: number): string {
  return count === 1
    ? "1 dimension that carries nothing"
    : `${count} dimensions that carry nothing`;
}

interface Row {
  readonly element: HTMLElement;
  readonly index: number;
  readonly isSilent: boolean;
  show(value: number): void;
}

function createRow(dimension: Dimension, onInput: (value: number) => void): Row {
  const { index, klNats, center, scale } = dimension;
  const name = `z${index + 1}`;
  const input = make("input", {
    type: "range",
    min: String(center - REACH * scale),
    max: String(center + REACH * scale),
    step: String(scale / 100),
    "aria-label": klNats === null ? name : `${name}, ${klNats.toFixed(2)} nats`,
  });
  const value = make("span", { class: "ex-value" });
  const tell = (shown: number): void => {
    value.textContent = shown.toFixed(2);
    input.setAttribute("aria-valuetext", shown.toFixed(2));
  };
  input.addEventListener("input", () => {
    tell(input.valueAsNumber);
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
    isSilent: klNats !== null && klNats < SILENT_NATS,
    show(shown) {
      input.value = String(shown);
      tell(shown);
    },
  };
}
