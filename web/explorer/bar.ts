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
  const besideList = make("div", { class: "ex-beside-list" });
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
      make("label", { class: "ex-choice", for: "ex-model" }, "Model", choice),
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
      const others = index.models.filter((each) => each !== model);
      besideList.replaceChildren(
        ...others.map((each) => besideChoice(each, state.models.includes(each.slug), actions)),
      );
    },
  };
}

function besideChoice(model: Model, isShown: boolean, actions: BarActions): HTMLElement {
  const box = make("input", { type: "checkbox" });
  box.checked = isShown;
  box.addEventListener("change", () => actions.onBeside(model.slug, box.checked));
  return make("label", {}, box, ` ${model.name}`);
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
