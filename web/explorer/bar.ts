/** The bar at the top: the choice of models, and buttons for another image or code. */

import type { Index, Model } from "./contracts";
import { button, make } from "./dom";
import type { State } from "./state";

export interface BarActions {
  onModel(slug: string): void;
  onCompare(slug: string, isShown: boolean): void;
  onRandomImage(): void;
  onRandomCode(): void;
  onReset(): void;
  onCopyLink(): void;
}

export interface Bar {
  readonly element: HTMLElement;
  /** Show the state, of which `model` is the first. */
  show(state: State, model: Model): void;
}

export function createBar(index: Index, actions: BarActions): Bar {
  const choice = make(
    "select",
    { id: "ex-model" },
    ...index.models.map((model) => make("option", { value: model.slug }, model.name)),
  );
  choice.addEventListener("change", () => actions.onModel(choice.value));
  const boxes = index.models.map((model) => comparedModel(model, actions));
  const list = make("div", { class: "ex-compare-list" }, ...boxes.map((each) => each.element));
  const compare = make(
    "details",
    { class: "ex-compare" },
    make("summary", {}, "Compare with"),
    list,
  );
  compare.hidden = index.models.length < 2;
  closeOutside(compare);
  const draw = button("Random code", actions.onRandomCode);
  return {
    element: make(
      "div",
      { class: "ex-bar" },
      make("div", { class: "ex-choice" }, make("label", { for: "ex-model" }, "Model"), choice),
      compare,
      button("Random image", actions.onRandomImage),
      draw,
      button("Reset", actions.onReset),
      button("Copy link", actions.onCopyLink),
    ),
    show(state, model) {
      choice.value = model.slug;
      draw.disabled = model.noiseSize === 0;
      draw.title = model.samplingNote;
      for (const each of boxes) {
        each.element.hidden = each.model === model;
        each.box.checked = state.models.includes(each.model.slug);
      }
    },
  };
}

interface ComparedModel {
  readonly model: Model;
  readonly box: HTMLInputElement;
  readonly element: HTMLElement;
}

function comparedModel(model: Model, actions: BarActions): ComparedModel {
  const box = make("input", { type: "checkbox" });
  box.addEventListener("change", () => actions.onCompare(model.slug, box.checked));
  return { model, box, element: make("label", {}, box, ` ${model.name}`) };
}

/** Close a menu on Escape, and on a click outside. */
function closeOutside(menu: HTMLDetailsElement): void {
  document.addEventListener("click", (event) => {
    if (event.target instanceof Node && !menu.contains(event.target)) {
      menu.open = false;
    }
  });
  menu.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      menu.open = false;
      menu.querySelector("summary")?.focus();
    }
  });
}
