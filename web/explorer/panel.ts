/** One model: the image that it decodes from the current code, or why there is none. */

import { newestWins } from "./coalesce";
import type { Condition, ImagesInfo, LoadedModel, Pixels } from "./contracts";
import { make } from "./dom";
import { createPicture } from "./picture";

const RUNTIME_MEGABYTES = 5;

export interface Panel {
  readonly element: HTMLElement;
  readonly loaded: LoadedModel;
  /** Decode and show; `basis` says which code it is. Returns whether the image was shown. */
  decode(code: Float32Array, condition: Condition, basis: string): Promise<boolean>;
  /** Show why there is nothing to decode. */
  explain(reason: string): void;
  /** The image shown; null where there is none. */
  pixels(): Pixels | null;
}

export function createPanel(loaded: LoadedModel, info: ImagesInfo): Panel {
  const { model } = loaded;
  const picture = createPicture(info, `Decoded by ${model.name}`, "ex-image");
  const megabytes = model.bytes.decoder / 1e6 + RUNTIME_MEGABYTES;
  const note = make("p", { class: "ex-note" }, `Loading the decoder, ${megabytes.toFixed(0)} MB …`);
  const decode = newestWins((request: { code: Float32Array; condition: Condition }) =>
    loaded.decode(request.code, request.condition),
  );
  const basisNote = make("span", { class: "ex-basis" });
  let shown: Pixels | null = null;
  let explanations = 0;

  function explain(reason: string): void {
    explanations += 1;
    note.textContent = reason;
    note.hidden = false;
    shown = null;
  }

  return {
    loaded,
    element: make(
      "figure",
      { class: "ex-panel" },
      make("div", { class: "ex-frame" }, picture.element, note),
      make(
        "figcaption",
        {},
        make("a", { href: model.page }, model.name),
        basisNote,
        ...model.facts.map((fact) =>
          make("span", { class: "ex-fact" }, `${fact.label} ${fact.value}`),
        ),
      ),
    ),
    async decode(code, condition, basis) {
      const before = explanations;
      const images = await decode({ code, condition }).catch((error) => {
        explain(error instanceof Error ? error.message : String(error));
        throw error;
      });
      if (images === null || explanations > before) {
        return false;
      }
      shown = images;
      basisNote.textContent = basis;
      note.hidden = true;
      picture.show(images);
      return true;
    },
    explain,
    pixels: () => shown,
  };
}
