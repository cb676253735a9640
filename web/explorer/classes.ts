/** The same style in every class: what a conditional model makes of one code. */

import type { ImagesInfo } from "./contracts";
import { make } from "./dom";
import { createPicture } from "./picture";

export interface Classes {
  readonly element: HTMLElement;
  /** Which class is asked for. */
  choose(label: number): void;
  /** The images of all classes, one after the other. */
  show(images: Float32Array): void;
}

export function createClasses(info: ImagesInfo, onChoose: (label: number) => void): Classes {
  const choices = info.classNames.map((name, label) => {
    const picture = createPicture(info, "", "ex-thumbnail");
    picture.element.setAttribute("role", "presentation");
    picture.element.removeAttribute("aria-label");
    const element = make(
      "button",
      { type: "button", class: "ex-class", "aria-pressed": "false" },
      picture.element,
      make("span", { class: "ex-class-name" }, name),
    );
    element.addEventListener("click", () => onChoose(label));
    return { element, picture };
  });
  return {
    element: make(
      "div",
      { class: "ex-classes", role: "group", "aria-label": "Class" },
      ...choices.map((choice) => choice.element),
    ),
    choose(label) {
      for (const [index, choice] of choices.entries()) {
        choice.element.setAttribute("aria-pressed", String(index === label));
      }
    },
    show(images) {
      const size = images.length / choices.length;
      for (const [index, choice] of choices.entries()) {
        choice.picture.show(images.subarray(index * size, (index + 1) * size));
      }
    },
  };
}
