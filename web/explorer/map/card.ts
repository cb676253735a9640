/** The card with the image under the pointer and its reconstruction. */

import type { Pixels, Sprite } from "../contracts";
import { make } from "../dom";
import { createPicture } from "../picture";
import { imageName } from "./naming";
import { clamp, type Place, type Size } from "./transform";

/** Between the card and the pointer, in pixels. */
const DISTANCE = 14;

export interface Card {
  readonly element: HTMLElement;
  show(image: number, at: Place, area: Size): void;
  hide(): void;
}

export function createCard(
  sprite: Sprite,
  reconstruct: (image: number) => Promise<Pixels | null>,
): Card {
  const image = createPicture(sprite.info, "Image", "map-card-image");
  const made = createPicture(sprite.info, "Reconstruction", "map-card-image");
  const name = make("p", { class: "map-card-name" });
  const element = make(
    "div",
    { class: "map-card", "aria-hidden": "true", hidden: "" },
    name,
    make("figure", {}, image.element, make("figcaption", {}, "Image")),
    make("figure", {}, made.element, make("figcaption", {}, "Reconstruction")),
  );
  let current: number | null = null;

  async function fill(wanted: number): Promise<void> {
    made.element.style.visibility = "hidden";
    const pixels = await reconstruct(wanted).catch(() => null);
    // The pointer may be on another image by now.
    if (pixels !== null && wanted === current) {
      made.show(pixels);
      made.element.style.visibility = "visible";
    }
  }

  function put(at: Place, area: Size): void {
    const { offsetWidth: width, offsetHeight: height } = element;
    const right = at.x + DISTANCE;
    const left = right + width <= area.width ? right : at.x - DISTANCE - width;
    const x = clamp(left, 0, Math.max(area.width - width, 0));
    const y = clamp(at.y + DISTANCE, 0, Math.max(area.height - height, 0));
    element.style.transform = `translate(${Math.round(x)}px, ${Math.round(y)}px)`;
  }

  return {
    element,
    show(wanted, at, area) {
      element.hidden = false;
      if (wanted !== current) {
        current = wanted;
        image.show(sprite.pixels(wanted));
        name.textContent = imageName(sprite, wanted);
        void fill(wanted);
      }
      put(at, area);
    },
    hide() {
      current = null;
      element.hidden = true;
    },
  };
}
