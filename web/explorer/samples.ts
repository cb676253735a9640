/**
 * Samples that were drawn when the explorer was written, for priors that a browser cannot draw
 * from.
 */

import type { Model } from "./contracts";
import { make } from "./dom";
import { loadText } from "./payloads";

/** A strip of stored samples with the reason; null where the browser draws. */
export async function storedSamples(model: Model): Promise<HTMLElement | null> {
  if (!model.hasSamples) {
    return null;
  }
  const picture = make("img", {
    class: "ex-samples-picture",
    src: await loadText(`${model.slug}/samples`),
    alt: `Stored samples of ${model.name}`,
  });
  const caption = make("figcaption", { class: "ex-slider-note" }, model.samplingNote);
  return make("figure", { class: "ex-samples" }, picture, caption);
}
