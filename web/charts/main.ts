// Draws the charts of a page from the values that are stored in it.

import { type Drawing, draw } from "./draw";

document.addEventListener("DOMContentLoaded", () => {
  for (const place of document.querySelectorAll<HTMLElement>("[data-chart]")) {
    const stored = place.querySelector("script")?.textContent;
    if (stored) {
      place.append(draw(JSON.parse(stored) as Drawing));
    }
  }
});
