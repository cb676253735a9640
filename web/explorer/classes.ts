/** One code decoded in every class by a conditional model. */

import type { ImagesInfo, LoadedModel } from "./contracts";
import { make } from "./dom";
import { createPicture, type Picture } from "./picture";

/** More classes than this have a menu in place of an image each. */
const MAX_PICTURES = 20;

export interface Classes {
  readonly element: HTMLElement;
  /** Whether images are shown. */
  readonly hasPictures: boolean;
  /** The class of the current image. */
  choose(label: number): void;
  /** The images of all classes, one after the other. */
  show(images: Float32Array): void;
}

export function createClasses(info: ImagesInfo, onChoose: (label: number) => void): Classes {
  return info.classNames.length > MAX_PICTURES
    ? createMenu(info, onChoose)
    : createButtons(info, onChoose);
}

function createMenu(info: ImagesInfo, onChoose: (label: number) => void): Classes {
  const menu = make(
    "select",
    { class: "ex-button" },
    ...info.classNames.map((name, label) => make("option", { value: String(label) }, name)),
  );
  menu.addEventListener("change", () => onChoose(Number(menu.value)));
  return {
    element: make("label", { class: "ex-class-menu" }, "Class", menu),
    hasPictures: false,
    choose(label) {
      menu.value = String(label);
    },
    show: () => undefined,
  };
}

function createButtons(info: ImagesInfo, onChoose: (label: number) => void): Classes {
  const choices = info.classNames.map((name, label) => {
    const picture = decorative(createPicture(info, "", "ex-thumbnail"));
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
    hasPictures: true,
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

/** The text of its button describes it. */
function decorative(picture: Picture): Picture {
  picture.element.setAttribute("role", "presentation");
  picture.element.removeAttribute("aria-label");
  return picture;
}

/** One code in every class, one image after the other. */
export function decodeAllClasses(request: {
  loaded: LoadedModel;
  code: Float32Array;
}): Promise<Float32Array> {
  const { classCount, latentSize } = request.loaded.model;
  const codes = new Float32Array(classCount * latentSize);
  const conditions = new Float32Array(classCount * classCount);
  for (let label = 0; label < classCount; label++) {
    codes.set(request.code, label * latentSize);
    conditions[label * classCount + label] = 1;
  }
  return request.loaded.decode(codes, conditions);
}
