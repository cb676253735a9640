import type { ImagesInfo, Pixels } from "./contracts";
import { make } from "./dom";
import { toRgba } from "./sprite";

export interface Picture {
  readonly element: HTMLCanvasElement;
  show(pixels: Pixels): void;
}

/** A canvas for one image, which the page enlarges without blur. */
export function createPicture(info: ImagesInfo, label: string, className: string): Picture {
  const element = make("canvas", { class: className, role: "img", "aria-label": label });
  element.width = info.width;
  element.height = info.height;
  const context = element.getContext("2d");
  return {
    element,
    show(pixels) {
      const data = new ImageData(toRgba(pixels, info.channels), info.width, info.height);
      context?.putImageData(data, 0, 0);
    },
  };
}
