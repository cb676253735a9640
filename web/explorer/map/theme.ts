/** Colours of the page's theme, for what CSS cannot colour. */

import type { Palette, Rgb } from "./scatter";

/** The site has so many colours of classes; further classes begin anew. */
const CLASS_COLORS = 10;

/** The custom property with the colour of a class. */
export function classColor(label: number): string {
  return `var(--class-${label % CLASS_COLORS}, currentColor)`;
}

/** The colours of `count` classes where `element` is; without classes, one that is no class's. */
export function readPalette(element: HTMLElement, count: number): Palette {
  const colors = Array.from({ length: count }, (_, label) => classColor(label));
  return (count === 0 ? ["var(--accent, currentColor)"] : colors).map((color) =>
    readColor(element, color),
  );
}

/** Whatever a colour is written as: the browser computes it, and a canvas makes bytes of it. */
function readColor(element: HTMLElement, color: string): Rgb {
  const probe = document.createElement("span");
  probe.style.color = color;
  // A transition of colours would give the old one.
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

/** Calls `act` whenever the theme may have changed; returns what stops that. */
export function onTheme(act: () => void): () => void {
  const scheme = window.matchMedia("(prefers-color-scheme: dark)");
  window.addEventListener("vaelab-theme", act);
  scheme.addEventListener("change", act);
  return () => {
    window.removeEventListener("vaelab-theme", act);
    scheme.removeEventListener("change", act);
  };
}
