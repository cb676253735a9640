/** The colors of the classes; buttons show and hide their points. */

import type { Sprite } from "../contracts";
import { button, make } from "../dom";
import { className } from "./naming";
import { classColor } from "./theme";

/** `onChange` receives the classes that are hidden. */
export function createLegend(
  sprite: Sprite,
  classCount: number,
  onChange: (hidden: ReadonlySet<number>) => void,
): HTMLElement {
  const labels = Array.from({ length: classCount }, (_, label) => label);
  const hidden = new Set<number>();
  const buttons = labels.map((label) => {
    const element = button("", () => toggle(label), "map-button map-class");
    element.append(swatch(label), className(sprite, label));
    return element;
  });
  const all = button("All classes", toggleAll, "map-button");

  function toggle(label: number): void {
    if (!hidden.delete(label)) {
      hidden.add(label);
    }
    changed();
  }

  function toggleAll(): void {
    const hides = hidden.size === 0;
    hidden.clear();
    for (const label of hides ? labels : []) {
      hidden.add(label);
    }
    changed();
  }

  function markPressed(): void {
    buttons.forEach((each, label) => {
      each.setAttribute("aria-pressed", String(!hidden.has(label)));
    });
    all.setAttribute("aria-pressed", String(hidden.size === 0));
  }

  function changed(): void {
    markPressed();
    onChange(hidden);
  }

  markPressed();
  return make(
    "div",
    { class: "map-legend", role: "group", "aria-label": "Classes shown" },
    ...buttons,
    all,
  );
}

export function swatch(label: number): HTMLElement {
  const made = make("span", { class: "map-swatch", "aria-hidden": "true" });
  made.style.setProperty("--map-class", classColor(label));
  return made;
}
