/** The interpolation of one model: its steps side by side, and the image at any position. */

import { newestWins } from "../coalesce";
import type { Condition, ImagesInfo, LoadedModel, PathEnd, Pixels } from "../contracts";
import { make } from "../dom";
import { createPicture, type Picture } from "../picture";
import { createEncodings, isSameEnd } from "./encodings";
import { type Path, partOf, pointOf, pointsAt, timesOf, type Waypoint } from "./walk";

const NEAR = "paths-near";

export interface RowActions {
  onStep(code: Float32Array, condition: Condition): void;
  /** The images of the steps were replaced or removed. */
  onChange(): void;
  onError(message: string): void;
}

export interface Row {
  readonly element: HTMLElement;
  readonly loaded: LoadedModel;
  /** Interpolate between these; only what has changed is computed again. */
  walk(start: PathEnd, end: PathEnd, steps: number): Promise<void>;
  /** Show the image at a position from 0 to 1. */
  at(t: number): void;
  /** The images of the steps; null before they are decoded. */
  images(): readonly Pixels[] | null;
}

interface Walk {
  start: PathEnd;
  end: PathEnd;
  steps: number;
}

interface Step {
  readonly element: HTMLButtonElement;
  readonly picture: Picture;
}

/** `places`: number of steps to reserve space for. */
export function createRow(
  loaded: LoadedModel,
  info: ImagesInfo,
  places: number,
  actions: RowActions,
): Row {
  const { model } = loaded;
  const encode = createEncodings(loaded);
  const decode = ({ code, condition }: Waypoint): Promise<Float32Array> =>
    loaded.decode(code, condition);
  const decodeSteps = newestWins(decode);
  const decodeOne = newestWins(decode);

  const moving = createPicture(info, `${model.name}, along the interpolation`, "paths-moving");
  const note = make("p", { class: "paths-note" });
  const strip = make("div", {
    class: "paths-strip",
    role: "group",
    "aria-label": `Steps, ${model.name}`,
  });
  const element = make(
    "div",
    { class: "paths-row paths-waiting" },
    make("h3", { class: "paths-name" }, model.name),
    make("div", { class: "paths-frame" }, moving.element),
    make("div", { class: "paths-scroll" }, strip, note),
  );

  let steps: Step[] = [];
  let requested: Walk | null = null;
  let path: Path | null = null;
  let shown: { points: Waypoint; images: Pixels[] } | null = null;
  let share = 0;
  let isLoaded = false;

  function build(count: number): void {
    steps = Array.from({ length: count }, (_, i) =>
      createStep(info, `Step ${i + 1} of ${count}`, () => choose(i)),
    );
    strip.replaceChildren(...steps.map((step) => step.element));
  }

  function choose(index: number): void {
    if (shown !== null) {
      const { code, condition } = pointOf(shown.points, index, shown.images.length);
      actions.onStep(code, condition);
    }
  }

  /** After a change of the ends, nothing that is shown is valid. */
  function forget(): void {
    path = null;
    shown = null;
    element.classList.add("paths-waiting");
    element.classList.remove("paths-moved");
    note.textContent = "";
    for (const step of steps) {
      step.element.disabled = true;
    }
    actions.onChange();
  }

  function show(points: Waypoint, images: Pixels[]): void {
    if (images.length !== steps.length) {
      build(images.length);
    }
    for (const [i, step] of steps.entries()) {
      const pixels = images[i];
      if (pixels !== undefined) {
        step.picture.show(pixels);
      }
      step.element.disabled = false;
    }
    shown = { points, images };
    element.classList.remove("paths-waiting");
    markNearest();
    actions.onChange();
  }

  /** Mark the step nearest to the image along the interpolation. */
  function markNearest(): void {
    const nearest = steps[Math.round(share * (steps.length - 1))];
    if (nearest === undefined || nearest.element.classList.contains(NEAR)) {
      return;
    }
    for (const step of steps) {
      step.element.classList.toggle(NEAR, step === nearest);
    }
    keepInView(strip, nearest.element);
  }

  async function showMoving(): Promise<void> {
    const own = path;
    if (own === null) {
      return;
    }
    try {
      const pixels = await decodeOne(pointsAt(own, [share]));
      if (pixels !== null && own === path) {
        moving.show(pixels);
        element.classList.add("paths-moved");
      }
    } catch (error) {
      if (own === path) {
        complain(error);
      }
    }
  }

  async function walk(request: Walk): Promise<void> {
    const before = requested;
    const isSame =
      before !== null &&
      isSameEnd(loaded, before.start, request.start) &&
      isSameEnd(loaded, before.end, request.end);
    if (isSame && before.steps === request.steps) {
      return;
    }
    requested = request;
    if (!isSame) {
      forget();
    }
    if (shown === null && steps.length !== request.steps) {
      build(request.steps);
    }
    try {
      note.textContent = isLoaded ? "" : loadingNote(model.bytes);
      const [start, end] = await Promise.all([encode(request.start), encode(request.end)]);
      if (requested !== request) {
        return;
      }
      path ??= { start, end };
      isLoaded = true;
      note.textContent = "";
      void showMoving();
      const points = pointsAt(path, timesOf(request.steps));
      const images = await decodeSteps(points);
      if (images !== null && requested === request) {
        const all = timesOf(request.steps).map((_, i) => partOf(images, i, request.steps));
        show(points, all);
      }
    } catch (error) {
      if (requested === request) {
        complain(error);
      }
    }
  }

  function complain(error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    note.textContent = shown === null ? `No interpolation: ${reason}` : "";
    actions.onError(`${model.name}: ${reason}`);
  }

  build(places);
  return {
    element,
    loaded,
    walk: (start, end, count) => walk({ start, end, steps: count }),
    at(t) {
      share = t;
      markNearest();
      void showMoving();
    },
    images: () => shown?.images ?? null,
  };
}

/** Scrolls the strip, but not the page. */
function keepInView(strip: HTMLElement, step: HTMLElement): void {
  const { offsetLeft, offsetWidth } = step;
  const most = offsetLeft;
  const least = offsetLeft + offsetWidth - strip.clientWidth;
  strip.scrollLeft = Math.max(least, Math.min(most, strip.scrollLeft));
}

function loadingNote(bytes: { decoder: number; encoder: number }): string {
  return `Loading the encoder, ${(bytes.encoder / 1e6).toFixed(0)} MB …`;
}

function createStep(info: ImagesInfo, label: string, act: () => void): Step {
  const picture = createPicture(info, "", "paths-step-picture");
  picture.element.setAttribute("role", "presentation");
  picture.element.removeAttribute("aria-label");
  const element = make(
    "button",
    { type: "button", class: "paths-step", "aria-label": label, title: label, disabled: "" },
    picture.element,
  );
  element.addEventListener("click", act);
  return { element, picture };
}
