import type { LoadedModel, Sprite } from "./contracts";
import { conditionOf } from "./networks";
import { loadFloats } from "./payloads";

/** A model's code of a test image: as stored, or encoded now where codes are too large to store. */
export async function codeOf(
  loaded: LoadedModel,
  sprite: Sprite,
  image: number,
): Promise<Float32Array> {
  const { model } = loaded;
  if (!model.hasCodes) {
    const label = sprite.labels?.[image] ?? null;
    return loaded.encode(sprite.pixels(image), conditionOf(model, label));
  }
  const codes = await loadFloats(`${model.slug}/codes`);
  return codes.slice(image * model.latentSize, (image + 1) * model.latentSize);
}
