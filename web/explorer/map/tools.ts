/** The buttons above the map, and the help below it. */

import { button, make } from "../dom";
import type { Mode } from "./gestures";

const ZOOM = 1.5;

export interface Tools {
  setMode(mode: Mode): void;
  showThumbnails(isOn: boolean): void;
  zoom(factor: number): void;
  reset(): void;
}

/** At first, dragging pans and points are shown. */
export function createTools(hasPlane: boolean, tools: Tools): HTMLElement {
  const modes: [Mode, HTMLButtonElement][] = [
    ["lasso", button("Lasso", () => toggle("lasso"), "map-button")],
  ];
  if (hasPlane) {
    modes.unshift(["walk", button("Walk", () => toggle("walk"), "map-button")]);
  }
  let mode: Mode = "pan";

  function toggle(wanted: Mode): void {
    mode = mode === wanted ? "pan" : wanted;
    markPressed();
    tools.setMode(mode);
  }

  function markPressed(): void {
    for (const [each, control] of modes) {
      control.setAttribute("aria-pressed", String(each === mode));
    }
  }

  markPressed();
  return make(
    "div",
    { class: "map-bar", role: "group", "aria-label": "Map tools" },
    ...modes.map(([, control]) => control),
    toggleButton("Thumbnails", tools.showThumbnails),
    make(
      "div",
      { class: "map-zoom" },
      named("Zoom out", "−", () => tools.zoom(1 / ZOOM)),
      named("Zoom in", "+", () => tools.zoom(ZOOM)),
      button("Reset view", tools.reset, "map-button"),
    ),
  );
}

/** A toggle button, off at first. */
function toggleButton(label: string, act: (isOn: boolean) => void): HTMLButtonElement {
  let isOn = false;
  const element = button(
    label,
    () => {
      isOn = !isOn;
      element.setAttribute("aria-pressed", String(isOn));
      act(isOn);
    },
    "map-button",
  );
  element.setAttribute("aria-pressed", "false");
  return element;
}

function named(name: string, sign: string, act: () => void): HTMLButtonElement {
  const element = button(sign, act, "map-button");
  element.setAttribute("aria-label", name);
  element.title = name;
  return element;
}

/** What pointer and keys do. */
export function helpOf(mode: Mode, hasPlane: boolean): string {
  const pointer = {
    pan: hasPlane
      ? "Drag to pan, scroll or pinch to zoom; click an image or a place between images, or drag the marker."
      : "Drag to pan, scroll or pinch to zoom; click an image.",
    lasso: "Draw around images to select them; Enter selects all visible images, Escape none.",
    walk: "Drag over the map to walk through the latent space.",
  }[mode];
  const arrows = hasPlane ? "arrows walk (Shift: small steps)" : "arrows step to the next image";
  const enter = mode === "lasso" ? "" : ", Enter chooses the nearest image";
  return `${pointer} Keys: ${arrows}${enter}, + and − zoom, 0 resets.`;
}
