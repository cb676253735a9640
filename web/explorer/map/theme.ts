/** Colors of the page's theme, for drawings that CSS cannot color. */

import type { Palette, Rgb } from "./scatter";

/** Number of class colors of the site; further classes repeat them. */
const CLASS_COLORS = 10;

/** The CSS custom property with the color of a class. */
export function classColor(label: number): string {
  return `var(--class-${label % CLASS_COLORS}, currentColor)`;
}

/** The colors of `count` classes at `element`; without classes, the accent color. */
export function readPalette(element: HTMLElement, count: number): Palette {
  const colors = Array.from({ length: count }, (_, label) => classColor(label));
  return (count === 0 ? ["var(--accent, currentColor)"] : colors).map((color) =>
    readColor(element, color),
  );
}

/** A color in any CSS notation as bytes, computed by the browser. */
function readColor(element: HTMLElement, color: string): Rgb {
  const probe = document.createElement("span");
  probe.style.color = color;
  // During a transition the computed color would be the old one.
  probe.style.transition = "none";
  element.append(probe);
  const computed = getComputedStyle(probe).color;
  probe.remove();
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 1;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (context === null) {
    return [128, 128, 128];
  }
  context.fillStyle = computed;
  context.fillRect(0, 0, 1, 1);
  const [red = 0, green = 0, blue = 0] = context.getImageData(0, 0, 1, 1).data;
  return [red, green, blue];
}

/** Calls `act` whenever the theme may have changed; the returned function stops it. */
export function onTheme(act: () => void): () => void {
  const scheme = window.matchMedia("(prefers-color-scheme: dark)");
  window.addEventListener("vaelab-theme", act);
  scheme.addEventListener("change", act);
  return () => {
    window.removeEventListener("vaelab-theme", act);
    scheme.removeEventListener("change", act);
  };
}
