/** What is shown, and how an address says it. */

import type { Index, Model } from "./contracts";

/** Decimals of a code in an address: far below what an image shows. */
const DECIMALS = 3;

export interface State {
  /** Slugs of the models shown; the first one's latent space is walked. */
  models: [string, ...string[]];
  /** The test image that the code came from; null where it came from elsewhere. */
  image: number | null;
  /** The code of the first model; null: that of the image, or the middle of the prior. */
  code: number[] | null;
  /** The class that conditional models are asked for; null: that of the image, or the first. */
  label: number | null;
  /** The map's kind; null: the first. */
  map: string | null;
}

/** The address's part after #. */
export function toHash(state: State): string {
  const parts = [`models=${state.models.join(",")}`];
  if (state.map !== null) {
    parts.push(`map=${state.map}`);
  }
  if (state.image !== null) {
    parts.push(`image=${state.image}`);
  }
  if (state.label !== null) {
    parts.push(`class=${state.label}`);
  }
  if (state.code !== null) {
    parts.push(`z=${state.code.map((value) => Number(value.toFixed(DECIMALS))).join(",")}`);
  }
  return `#${parts.join("&")}`;
}

/** The inverse; whatever makes no sense in it is passed over. */
export function fromHash(hash: string, index: Index): State {
  const parts = new Map(
    hash
      .replace(/^#/, "")
      .split("&")
      .map((part) => [part.slice(0, part.indexOf("=")), part.slice(part.indexOf("=") + 1)]),
  );
  const known = index.models.map((model) => model.slug);
  const asked = (parts.get("models") ?? "").split(",").filter((slug) => known.includes(slug));
  const [first = known[0] ?? "", ...others] = new Set(asked);
  const model = modelOf(index, first);
  return {
    models: [first, ...others],
    image: below(parts.get("image"), index.images.count),
    code: codeOf(parts.get("z"), model.latentSize),
    label: below(parts.get("class"), index.images.classNames.length),
    map: model.maps.find((map) => map.kind === parts.get("map"))?.kind ?? null,
  };
}

export function modelOf(index: Index, slug: string): Model {
  const found = index.models.find((model) => model.slug === slug);
  if (found === undefined) {
    throw new Error(`there is no model ${slug}`);
  }
  return found;
}

/** A whole number from 0 to below `count`, or null. */
function below(text: string | undefined, count: number): number | null {
  return text !== undefined && /^\d{1,9}$/.test(text) && Number(text) < count ? Number(text) : null;
}

function codeOf(text: string | undefined, size: number): number[] | null {
  const values = (text ?? "").split(",");
  const numbers = values.map((value) => (value.trim() === "" ? Number.NaN : Number(value)));
  return numbers.length === size && numbers.every(Number.isFinite) ? numbers : null;
}
