// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type {
  Condition,
  ImagesInfo,
  LoadedModel,
  Model,
  PathEnd,
  PathsOptions,
  Sprite,
} from "../contracts";
import { createPaths } from ".";

const CLASSES = ["Shirt", "Bag", "Boot"];
const INFO: ImagesInfo = {
  dataName: "data",
  count: 3,
  channels: 1,
  height: 1,
  width: 2,
  columns: 3,
  labels: "",
  classNames: CLASSES,
};

interface Decoding {
  codes: number[];
  condition: number[] | null;
  answer(): void;
}

/** Codes equal images; decoding waits for `answer` where `isPatient` is false. */
interface Fake extends LoadedModel {
  encoded: { image: number[]; condition: number[] | null }[];
  decoded: Decoding[];
  isPatient: boolean;
}

const listOf = (values: Condition): number[] | null => (values === null ? null : [...values]);

function fakeModel(slug: string, classCount = 0): Fake {
  const model = {
    slug,
    name: slug.toUpperCase(),
    latentSize: 2,
    classCount,
    bytes: { decoder: 1e6, encoder: 2e6 },
  } as Model;
  return {
    model,
    sample: () => Promise.reject(new Error("not used")),
    encoded: [],
    decoded: [],
    isPatient: true,
    async encode(images, condition) {
      this.encoded.push({ image: [...images], condition: listOf(condition) });
      return images.slice();
    },
    decode(codes, condition) {
      return new Promise((resolve) => {
        const answer = (): void => resolve(codes.slice());
        this.decoded.push({ codes: [...codes], condition: listOf(condition), answer });
        if (this.isPatient) {
          answer();
        }
      });
    },
  };
}

function endOf(label: number, x: number, y: number): PathEnd {
  return { name: `Image of ${CLASSES[label]}`, pixels: Float32Array.from([x, y]), label };
}

const SHIRT = endOf(0, 0, 1);
const BAG = endOf(1, 1, 0);
const BOOT = endOf(2, 0.5, 0.5);

let seen: (isIntersecting: boolean) => void = () => undefined;

beforeEach(() => {
  vi.stubGlobal(
    "IntersectionObserver",
    class {
      constructor(report: (entries: { isIntersecting: boolean }[]) => void) {
        seen = (isIntersecting) => report([{ isIntersecting }]);
      }
      observe(): void {}
      disconnect(): void {}
    },
  );
  vi.stubGlobal("ImageData", class {});
});

afterEach(() => {
  vi.unstubAllGlobals();
  document.body.replaceChildren();
});

function start(
  models: LoadedModel[],
  images: PathEnd[] = [SHIRT, SHIRT, BAG],
): {
  host: HTMLElement;
  paths: ReturnType<typeof createPaths>;
  shown: LoadedModel[];
  onStep: ReturnType<typeof vi.fn<PathsOptions["onStep"]>>;
  now: { image: PathEnd | null };
} {
  const host = document.createElement("section");
  document.body.append(host);
  const onStep = vi.fn<PathsOptions["onStep"]>();
  const now: { image: PathEnd | null } = { image: null };
  const shown = [...models];
  const paths = createPaths(host, {
    sprite: { info: INFO } as Sprite,
    models: () => shown,
    current: () => now.image,
    random: () => images.shift() ?? BOOT,
    onStep,
  });
  return { host, paths, shown, onStep, now };
}

const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

function stepsIn(host: HTMLElement): HTMLButtonElement[] {
  return [...host.querySelectorAll<HTMLButtonElement>('button[aria-label^="Step "]')];
}

function buttonsNamed(host: HTMLElement, name: string): HTMLButtonElement[] {
  return [...host.querySelectorAll("button")].filter((each) => each.textContent === name);
}

function moveSlider(host: HTMLElement, label: string, value: number): void {
  const found = [...host.querySelectorAll("label")].find((each) => each.textContent === label);
  const input = found?.querySelector("input");
  if (input) {
    input.value = String(value);
    input.dispatchEvent(new Event("input"));
  }
}

function strips(model: Fake): Decoding[] {
  return model.decoded.filter((asked) => asked.codes.length > 2);
}

test("nothing is encoded before the section is visible; then two images of different classes are", async () => {
  const model = fakeModel("one");
  const { host } = start([model]);
  await settled();
  expect(model.encoded).toEqual([]);
  expect(host.querySelector(".paths-walks")?.classList.contains("paths-absent")).toBe(true);
  seen(true);
  await settled();
  expect(model.encoded).toEqual([
    { image: [0, 1], condition: null },
    { image: [1, 0], condition: null },
  ]);
  expect(host.querySelector(".paths-empty")?.classList.contains("paths-absent")).toBe(true);
});

test("an interpolation is decoded at equal steps, and a step reports its code", async () => {
  const model = fakeModel("one");
  const { host, onStep } = start([model]);
  seen(true);
  await settled();
  expect(strips(model)).toHaveLength(1);
  const codes = Array.from({ length: 9 }, (_, i) => [i / 8, 1 - i / 8]).flat();
  expect(strips(model)[0]).toMatchObject({ codes, condition: null });
  const steps = stepsIn(host);
  expect(steps.map((step) => step.getAttribute("aria-label"))).toEqual(
    Array.from({ length: 9 }, (_, i) => `Step ${i + 1} of 9`),
  );
  steps[2]?.click();
  expect(onStep).toHaveBeenCalledTimes(1);
  const [loaded, code, condition] = onStep.mock.calls[0] ?? [];
  expect(loaded).toBe(model);
  expect([...(code ?? [])]).toEqual([0.25, 0.75]);
  expect(condition).toBeNull();
});

test("a conditional model gets the classes, and interpolates them too", async () => {
  const model = fakeModel("one", 3);
  const { host, onStep } = start([model]);
  seen(true);
  await settled();
  expect(model.encoded.map((each) => each.condition)).toEqual([
    [1, 0, 0],
    [0, 1, 0],
  ]);
  expect(strips(model)[0]?.condition?.slice(0, 6)).toEqual([1, 0, 0, 0.875, 0.125, 0]);
  stepsIn(host)[6]?.click();
  expect([...(onStep.mock.calls[0]?.[2] ?? [])]).toEqual([0.25, 0.75, 0]);
});

test("an answer for other ends is ignored", async () => {
  const model = fakeModel("one");
  const { host, onStep } = start([model]);
  model.isPatient = false;
  seen(true);
  await settled();
  expect(strips(model)).toHaveLength(1);
  expect(stepsIn(host).every((step) => step.disabled)).toBe(true);
  buttonsNamed(host, "Random image")[1]?.click();
  await settled();
  for (const asked of [...model.decoded]) {
    asked.answer();
  }
  await settled();
  expect(stepsIn(host).every((step) => step.disabled)).toBe(true);
  stepsIn(host)[8]?.click();
  expect(onStep).not.toHaveBeenCalled();
  expect(buttonsNamed(host, "Save strip as PNG")[0]?.disabled).toBe(true);
  // Next the waiting request, the interpolation to the boot.
  for (const asked of [...model.decoded]) {
    asked.answer();
  }
  await settled();
  stepsIn(host)[8]?.click();
  expect([...(onStep.mock.calls[0]?.[1] ?? [])]).toEqual([0.5, 0.5]);
  expect(buttonsNamed(host, "Save strip as PNG")[0]?.disabled).toBe(false);
});

test("only what changed is computed again", async () => {
  const [one, two] = [fakeModel("one"), fakeModel("two")];
  const { host, paths, shown, now } = start([one]);
  seen(true);
  await settled();
  paths.refresh();
  await settled();
  expect([one.encoded.length, strips(one).length]).toEqual([2, 1]);

  shown.unshift(two);
  paths.refresh();
  await settled();
  expect([one.encoded.length, strips(one).length]).toEqual([2, 1]);
  expect([two.encoded.length, strips(two).length]).toEqual([2, 1]);
  const names = (): (string | null)[] =>
    [...host.querySelectorAll("h3")].map((each) => each.textContent);
  expect(names()).toEqual(["ONE", "TWO"]);

  moveSlider(host, "Steps", 5);
  await settled();
  expect(one.encoded).toHaveLength(2);
  expect(strips(one).at(-1)?.codes).toHaveLength(10);
  expect(stepsIn(host)).toHaveLength(10);

  const [use] = buttonsNamed(host, "Use the current image");
  expect(use?.disabled).toBe(true);
  now.image = BOOT;
  paths.refresh();
  expect(use?.disabled).toBe(false);
  use?.click();
  await settled();
  expect(one.encoded.map((each) => each.image)).toEqual([
    [0, 1],
    [1, 0],
    [0.5, 0.5],
  ]);

  shown.pop();
  paths.refresh();
  expect(names()).toEqual(["TWO"]);
});

test("along the interpolation, the newest request wins", async () => {
  const model = fakeModel("one");
  const { host } = start([model]);
  seen(true);
  await settled();
  model.isPatient = false;
  model.decoded = [];
  for (const t of [0.1, 0.2, 0.75]) {
    moveSlider(host, "Position", t);
  }
  expect(model.decoded).toHaveLength(1);
  model.decoded[0]?.answer();
  await settled();
  expect(model.decoded.map((asked) => asked.codes)).toEqual([
    [Math.fround(0.1), Math.fround(0.9)],
    [0.75, 0.25],
  ]);
});

test("a failed model is reported, and the others interpolate", async () => {
  const [good, bad] = [fakeModel("good"), fakeModel("bad")];
  bad.encode = () => Promise.reject(new Error("bad/encoder.js cannot be loaded"));
  const { host, paths, onStep } = start([bad, good]);
  seen(true);
  await settled();
  expect(host.querySelector('[role="status"]')?.textContent).toBe(
    "BAD: bad/encoder.js cannot be loaded",
  );
  expect(stepsIn(host).map((step) => step.disabled)).toEqual([
    ...new Array(9).fill(true),
    ...new Array(9).fill(false),
  ]);
  stepsIn(host)[9]?.click();
  expect(onStep.mock.calls[0]?.[0]).toBe(good);
  paths.destroy();
  expect(host.childElementCount).toBe(0);
});
