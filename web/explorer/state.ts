/** The state of the explorer, and its form in an address. */

import type { Condition, Index, Model } from "./contracts";

/** Decimals of a code in an address: rounding changes no image visibly. */
const DECIMALS = 3;
/** Larger codes are not part of an address. */
const MAX_CODE_SIZE = 512;

export interface State {
  /** Slugs of the models shown; the controls change the code of the first. */
  models: [string, ...string[]];
  /** The test image that the code began from; null where it did not begin from one. */
  image: number | null;
  /** The code of the first model; null for that of the image, or the mean of the prior. */
  code: number[] | null;
  /** The class for conditional models; null for that of the image, or the first. */
  label: number | null;
  /** The map's kind; null for the first. */
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
  if (state.code !== null && state.code.length <= MAX_CODE_SIZE) {
    parts.push(`z=${state.code.map((value) => Number(value.toFixed(DECIMALS))).join(",")}`);
  }
  return `#${parts.join("&")}`;
}

/** The state of an address; invalid parts are ignored. */
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

/** Another first model; the code stays where it has as many dimensions. */
export function withModel(state: State, index: Index, slug: string): State {
  const [before, ...others] = state.models;
  const size = (each: string): number => modelOf(index, each).latentSize;
  return {
    ...state,
    models: [slug, ...others.filter((each) => each !== slug)],
    code: size(slug) === size(before) ? state.code : null,
    map: null,
  };
}

/** With or without a model next to the first. */
export function withCompared(state: State, slug: string, isShown: boolean): State {
  const [first, ...others] = state.models;
  const kept = others.filter((each) => each !== slug);
  return { ...state, models: isShown ? [first, ...kept, slug] : [first, ...kept] };
}

/** A step of an interpolation by a model, which becomes the first. */
export function withStep(
  state: State,
  slug: string,
  code: Float32Array,
  condition: Condition,
): State {
  return {
    models: [slug, ...state.models.filter((each) => each !== slug)],
    image: null,
    code: [...code],
    label: condition === null ? state.label : condition.indexOf(Math.max(...condition)),
    map: slug === state.models[0] ? state.map : null,
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
