import { expect, test } from "vitest";
import type { Index, Model } from "./contracts";
import { fromHash, type State, toHash, withCompared, withModel, withStep } from "./state";

function model(slug: string, latentSize: number): Model {
  const plane = { origin: [], axes: [[], []] as [number[], number[]] };
  const maps = ["pca", "tsne"].map((kind) => ({
    kind,
    title: kind,
    axisLabels: ["", ""] as [string, string],
    plane,
  }));
  return {
    slug,
    name: slug,
    preset: "mlp-vae",
    page: "",
    facts: [],
    latentSize,
    classCount: 0,
    noiseSize: latentSize,
    samplingNote: "",
    hasSamples: false,
    hasCodes: true,
    center: new Array(latentSize).fill(0),
    dimensions: [],
    maps,
    bytes: { decoder: 0, encoder: 0 },
  };
}

const index: Index = {
  version: 2,
  study: "s",
  images: {
    dataName: "d",
    count: 100,
    channels: 1,
    height: 28,
    width: 28,
    columns: 10,
    labels: null,
    classNames: ["a", "b", "c"],
  },
  models: [model("one", 3), model("two", 2)],
};
const start: State = { models: ["one"], image: null, code: null, label: null, map: null };

test.each<State>([
  start,
  { ...start, models: ["two", "one"], image: 99, label: 2, map: "tsne" },
  { ...start, code: [0.125, -3, 0] },
  { ...start, code: [1e-9, 12.5, -0.001], image: 0 },
])("an address holds the state: %j", (state) => {
  const found = fromHash(toHash(state), index);
  expect({ ...found, code: null }).toEqual({ ...state, code: null });
  for (const [i, value] of (state.code ?? []).entries()) {
    expect(found.code?.[i]).toBeCloseTo(value, 3);
  }
});

test("a code that is too large for an address is left out", () => {
  expect(toHash({ ...start, code: new Array(600).fill(1) })).toBe("#models=one");
});

test.each([
  "",
  "#",
  "#models=",
  "#models=none,<script>",
  "#models=one,one",
  "#image=100&class=3&z=1,2&map=umap",
  "#image=-1&class=1.5&z=1,2,x",
  "#z=1,2,",
  "#z=1,2,Infinity",
  "#image=1e1&class=0x1",
  "#&&&===",
  "#%E0%A4%A",
])("invalid parts of an address are ignored: %s", (hash) => {
  expect(fromHash(hash, index)).toEqual(start);
});

test("the code stays only where the other model has as many dimensions", () => {
  const state: State = { ...start, code: [1, 2, 3], map: "tsne", image: 4 };
  expect(withModel(state, index, "two")).toEqual({
    ...state,
    models: ["two"],
    code: null,
    map: null,
  });
  expect(withModel(state, index, "one").code).toEqual([1, 2, 3]);
});

test("models are compared, and no longer", () => {
  const both = withCompared(start, "two", true);
  expect(both.models).toEqual(["one", "two"]);
  expect(withCompared(both, "two", false)).toEqual(start);
});

test("a step brings its model to the front, with its most likely class", () => {
  const state: State = { ...start, models: ["one", "two"], image: 3, map: "tsne" };
  const code = Float32Array.from([0.5, 1]);
  expect(withStep(state, "two", code, Float32Array.from([0.25, 0.75]))).toEqual({
    models: ["two", "one"],
    image: null,
    code: [0.5, 1],
    label: 1,
    map: null,
  });
});
