import { expect, test } from "vitest";
import type { Index, Model } from "./contracts";
import { fromHash, type State, toHash } from "./state";

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
    prior: null,
    dimensions: [],
    maps,
    bytes: { decoder: 0, encoder: 0 },
  };
}

const index: Index = {
  version: 1,
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
])("an address says it all: %j", (state) => {
  const found = fromHash(toHash(state), index);
  expect({ ...found, code: null }).toEqual({ ...state, code: null });
  for (const [i, value] of (state.code ?? []).entries()) {
    expect(found.code?.[i]).toBeCloseTo(value, 3);
  }
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
])("what makes no sense is passed over: %s", (hash) => {
  expect(fromHash(hash, index)).toEqual(start);
});
