import type { Model } from "./contracts";
import { loadFloats } from "./payloads";

/** What a model's encoder made of a test image, stored when the site was written. */
export async function storedCode(model: Model, image: number): Promise<Float32Array> {
  const codes = await loadFloats(`${model.slug}/codes`);
  return codes.slice(image * model.latentSize, (image + 1) * model.latentSize);
}
