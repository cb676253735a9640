/** What is above everything: which models, and where to begin. */

import type { Index, Model } from "./contracts";
import { button, make } from "./dom";
import type { State } from "./state";

export interface BarActions {
  onModel(slug: string): void;
  onBeside(slug: string, isWanted: boolean): void;
  onRandomImage(): void;
  onRandomCode(): void;
  onReset(): void;
  onCopyLink(): void;
}

export interface Bar {
  readonly element: HTMLElement;
  /** The first model of the state. */
  show(state: State, model: Model): void;
}

export function createBar(index: Index, actions: BarActions): Bar {
  const choice = make(
    "select",
    { id: "ex-model" },
    ...index.models.map((model) => make("option", { value: model.slug }, model.name)),
  );
  choice.addEventListener("change", () => actions.onModel(choice.value));
  const boxes = index.models.map((model) => besideChoice(model, actions));
  const besideList = make("div", { class: "ex-beside-list" }, ...boxes.map((each) => each.element));
  const beside = make(
    "details",
    { class: "ex-beside" },
    make("summary", {}, "Compare with"),
    besideList,
  );
  beside.hidden = index.models.length < 2;
  closeOutside(beside);
  const draw = button("Random code", actions.onRandomCode);
  return {
    element: make(
      "div",
      { class: "ex-bar" },
      make("div", { class: "ex-choice" }, make("label", { for: "ex-model" }, "Model"), choice),
      beside,
      button("Random image", actions.onRandomImage),
      draw,
      button("Reset", actions.onReset),
      button("Copy link", actions.onCopyLink),
    ),
    show(state, model) {
      choice.value = model.slug;
      draw.disabled = model.prior === null;
      draw.title = model.prior === null ? "An autoencoder has no prior to draw from" : "";
      for (const each of boxes) {
        each.element.hidden = each.model === model;
        each.box.checked = state.models.includes(each.model.slug);
      }
    },
  };
}

interface BesideChoice {
  readonly model: Model;
  readonly box: HTMLInputElement;
  readonly element: HTMLElement;
}

function besideChoice(model: Model, actions: BarActions): BesideChoice {
  const box = make("input", { type: "checkbox" });
  box.addEventListener("change", () => actions.onBeside(model.slug, box.checked));
  return { model, box, element: make("label", {}, box, ` ${model.name}`) };
}

/** As menus do: it closes on Escape, and on a click anywhere else. */
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
