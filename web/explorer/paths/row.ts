/** The walk in one model: its steps side by side, and the image at any point between. */

import { newestWins } from "../coalesce";
import type { Condition, ImagesInfo, LoadedModel, PathEnd, Pixels } from "../contracts";
import { make } from "../dom";
import { createPicture, type Picture } from "../picture";
import { createEncodings, isSameEnd } from "./encodings";
import { type Path, partOf, pointOf, pointsAt, timesOf, type Waypoint } from "./walk";

const NEAR = "paths-near";

export interface RowActions {
  onStep(code: Float32Array, condition: Condition): void;
  /** There are images to keep now, or none any more. */
  onChange(): void;
  onError(message: string): void;
}

export interface Row {
  readonly element: HTMLElement;
  readonly loaded: LoadedModel;
  /** Walk between these; what is known of that already is not done again. */
  walk(start: PathEnd, end: PathEnd, steps: number): Promise<void>;
  /** Show the image at a share of the way. */
  at(t: number): void;
  /** The images of the steps; null while there is no path. */
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

/** `places`: of how many steps to keep the room free from the beginning. */
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

  const moving = createPicture(info, `${model.name}, along the path`, "paths-moving");
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
  let asked: Walk | null = null;
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

  /** Other ends: nothing of what is shown holds any more. */
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

  /** Which of the steps the image along the path is like. */
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

  async function walk(wish: Walk): Promise<void> {
    const before = asked;
    const isSame =
      before !== null &&
      isSameEnd(loaded, before.start, wish.start) &&
      isSameEnd(loaded, before.end, wish.end);
    if (isSame && before.steps === wish.steps) {
      return;
    }
    asked = wish;
    if (!isSame) {
      forget();
    }
    if (shown === null && steps.length !== wish.steps) {
      build(wish.steps);
    }
    try {
      note.textContent = isLoaded ? "" : loadingNote(model.bytes);
      const [start, end] = await Promise.all([encode(wish.start), encode(wish.end)]);
      if (asked !== wish) {
        return;
      }
      path ??= { start, end };
      isLoaded = true;
      note.textContent = "";
      void showMoving();
      const points = pointsAt(path, timesOf(wish.steps));
      const images = await decodeSteps(points);
      if (images !== null && asked === wish) {
        const all = timesOf(wish.steps).map((_, i) => partOf(images, i, wish.steps));
        show(points, all);
      }
    } catch (error) {
      if (asked === wish) {
        complain(error);
      }
    }
  }

  function complain(error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    note.textContent = shown === null ? `No path: ${reason}` : "";
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

/** Scrolls the strip alone: the page stays where it is. */
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
