/** The test image that the current code began from. */

import type { Sprite } from "./contracts";
import { make } from "./dom";
import { createPicture } from "./picture";

export interface Original {
  readonly element: HTMLElement;
  /** null: the code is not that of a test image. */
  show(image: number | null): void;
}

export function createOriginal(sprite: Sprite): Original {
  const picture = createPicture(sprite.info, "The test image", "ex-image");
  const name = make("figcaption");
  const note = make("p", { class: "ex-note" }, "Not the code of a test image");
  return {
    element: make(
      "figure",
      { class: "ex-panel" },
      make("div", { class: "ex-frame" }, picture.element, note),
      name,
    ),
    show(image) {
      // The frame stays, so that nothing moves on the page.
      note.hidden = image !== null;
      picture.element.hidden = image === null;
      name.textContent = image === null ? "" : testImageName(sprite, image);
      if (image !== null) {
        picture.show(sprite.pixels(image));
      }
    },
  };
}

/** "Test image 12, Trouser". */
export function testImageName(sprite: Sprite, image: number): string {
  const label = sprite.labels?.[image];
  const className = label === undefined ? "" : `, ${sprite.info.classNames[label]}`;
  return `Test image ${image}${className}`;
}
