/** The buttons above the map, and the words below it about what can be done. */

import { button, make } from "../dom";
import type { Mode } from "./gestures";

const ZOOM = 1.5;

export interface Tools {
  setMode(mode: Mode): void;
  showThumbnails(isOn: boolean): void;
  zoom(factor: number): void;
  reset(): void;
}

/** In the beginning, dragging pans and points are shown. */
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
    sayMode();
    tools.setMode(mode);
  }

  function sayMode(): void {
    for (const [each, control] of modes) {
      control.setAttribute("aria-pressed", String(each === mode));
    }
  }

  sayMode();
  return make(
    "div",
    { class: "map-bar", role: "group", "aria-label": "Map tools" },
    ...modes.map(([, control]) => control),
    switchOf("Thumbnails", tools.showThumbnails),
    make(
      "div",
      { class: "map-zoom" },
      named("Zoom out", "−", () => tools.zoom(1 / ZOOM)),
      named("Zoom in", "+", () => tools.zoom(ZOOM)),
      button("Reset view", tools.reset, "map-button"),
    ),
  );
}

/** A button that is off at first. */
function switchOf(label: string, act: (isOn: boolean) => void): HTMLButtonElement {
  let isOn = false;
  const made = button(
    label,
    () => {
      isOn = !isOn;
      made.setAttribute("aria-pressed", String(isOn));
      act(isOn);
    },
    "map-button",
  );
  made.setAttribute("aria-pressed", "false");
  return made;
}

function named(name: string, sign: string, act: () => void): HTMLButtonElement {
  const made = button(sign, act, "map-button");
  made.setAttribute("aria-label", name);
  made.title = name;
  return made;
}

/** What can be done, with pointer and keys. */
export function helpOf(mode: Mode, hasPlane: boolean): string {
  const pointer = {
    pan: hasPlane
      ? "Drag to move, scroll or pinch to zoom; click an image or a place between, or drag the marker."
      : "Drag to move, scroll or pinch to zoom; click an image.",
    lasso: "Draw around images to select them; Enter selects all in sight, Escape none.",
    walk: "Drag over the map to walk through the latent space.",
  }[mode];
  const arrows = hasPlane ? "arrows walk (Shift: by less)" : "arrows step to the next image";
  const enter = mode === "lasso" ? "" : ", Enter takes the nearest image";
  return `${pointer} Keys: ${arrows}${enter}, + and − zoom, 0 resets.`;
}
