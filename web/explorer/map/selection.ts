/** The images selected with the lasso. */

import type { Sprite } from "../contracts";
import { button, make } from "../dom";
import { countsPerClass, thinned } from "./cloud";
import { swatch } from "./legend";
import { className, counted, imageName } from "./naming";

/** The largest number of thumbnails. */
const MOST = 60;

export interface Selection {
  readonly element: HTMLElement;
  /** Show images; null where nothing is selected. */
  show(images: readonly number[] | null): void;
}

export function createSelection(
  sprite: Sprite,
  classCount: number,
  onImage: (image: number) => void,
  onClear: () => void,
): Selection {
  const title = make("p", { class: "map-selection-title", role: "status" });
  const clear = button("Clear selection", onClear, "map-button");
  const counts = make("ul", { class: "map-counts", "aria-label": "Selected per class" });
  const strip = make("div", { class: "map-strip", role: "group", "aria-label": "Selected images" });
  const bar = make("div", { class: "map-selection-bar", hidden: "" }, clear);
  // The title always exists, so that screen readers announce its changes.
  const element = make("div", { class: "map-selection" }, title, bar, counts, strip);

  function thumbnail(image: number): HTMLElement {
    const canvas = make("canvas", { "aria-hidden": "true" });
    drawThumbnail(canvas, sprite, image);
    const element = button("", () => onImage(image), "map-thumbnail");
    const name = imageName(sprite, image);
    element.setAttribute("aria-label", name);
    element.title = name;
    element.append(canvas);
    return element;
  }

  function countOf(count: number, label: number): HTMLElement | null {
    return count === 0
      ? null
      : make("li", {}, swatch(label), `${className(sprite, label)} ${counted(count)}`);
  }

  return {
    element,
    show(images) {
      const chosen = images ?? [];
      const few = thinned(chosen, MOST);
      bar.hidden = images === null;
      title.textContent = images === null ? "" : titleOf(chosen.length, few.length);
      const { labels } = sprite;
      const perClass = labels === null ? [] : countsPerClass(labels, chosen, classCount);
      counts.replaceChildren(...perClass.map(countOf).filter((item) => item !== null));
      strip.replaceChildren(...few.map(thumbnail));
    },
  };
}

/** "1 image selected", "100 images selected, 60 of them shown". */
export function titleOf(count: number, shown: number): string {
  const images = count === 1 ? "1 image" : `${counted(count)} images`;
  return `${images} selected${shown < count ? `, ${shown} of them shown` : ""}`;
}

function drawThumbnail(canvas: HTMLCanvasElement, sprite: Sprite, image: number): void {
  const { width, height } = sprite.info;
  canvas.width = width;
  canvas.height = height;
  const { x, y } = sprite.place(image);
  canvas.getContext("2d")?.drawImage(sprite.picture, x, y, width, height, 0, 0, width, height);
}
