/** Interpolation between two images by every model shown. */

import "./paths.css";
import type { CreatePaths, LoadedModel, PathEnd, PathsOptions } from "../contracts";
import { button, make } from "../dom";
import { createEnd } from "./end";
import { createPlayer } from "./player";
import { createRow, type Row } from "./row";
import { savePng } from "./saving";
import { drawStrips, fileName } from "./strip";

const STEPS = { least: 5, usual: 9, most: 15 };
/** Attempts to find a second image of another class than the first. */
const TRIES = 30;
const DECIMALS = 2;

export const createPaths: CreatePaths = (host, options) => {
  const status = make("p", { class: "paths-status", role: "status" });
  const start = createEnd("Start", options, { onChange: update, onSay: say });
  const end = createEnd("End", options, { onChange: update, onSay: say });
  const along = createSlider("Position", { min: 0, max: 1, step: 0.01, value: 0.5 });
  const steps = createSlider("Steps", {
    min: STEPS.least,
    max: STEPS.most,
    step: 1,
    value: STEPS.usual,
  });
  const player = createPlayer(moveTo, () => (prefersReducedMotion() ? steps.value() : null));
  const play = button("Play", togglePlaying, "paths-button paths-play");
  const save = button("Save strip as PNG", () => void saveStrips(), "paths-button");
  const rowHost = make("div", { class: "paths-rows" });
  const empty = make(
    "p",
    { class: "paths-empty" },
    "Choose a start image and an end image to interpolate between them.",
  );
  const walks = make(
    "div",
    { class: "paths-walks" },
    make("div", { class: "paths-bar" }, play, along.element, steps.element, save),
    rowHost,
  );
  let rows: Row[] = [];

  function update(): void {
    say("");
    walkAll();
  }

  function walkAll(): void {
    const [from, to] = [start.value(), end.value()];
    const isEmpty = from === null || to === null;
    walks.classList.toggle("paths-absent", isEmpty);
    empty.classList.toggle("paths-absent", !isEmpty);
    if (from !== null && to !== null) {
      for (const row of rows) {
        void row.walk(from, to, steps.value());
      }
    }
    showWhetherSavable();
  }

  function showWhetherSavable(): void {
    save.disabled = rows.length === 0 || rows.some((row) => row.images() === null);
  }

  function moveTo(t: number): void {
    // The slider rounds the position, and the rounded position is decoded.
    const before = along.value();
    along.set(t);
    if (along.value() !== before) {
      showMoment();
    }
  }

  function showMoment(): void {
    for (const row of rows) {
      row.at(along.value());
    }
  }

  function togglePlaying(): void {
    if (player.isPlaying) {
      pause();
    } else {
      player.play(along.value());
      play.textContent = "Pause";
    }
  }

  function pause(): void {
    player.pause();
    play.textContent = "Play";
  }

  async function saveStrips(): Promise<void> {
    const images = rows.map((row) => row.images()).filter((each) => each !== null);
    const [from, to] = [start.value(), end.value()];
    if (images.length < rows.length || from === null || to === null) {
      return;
    }
    const slugs = rows.map((row) => row.loaded.model.slug);
    const name = fileName(slugs, from.name, to.name);
    try {
      await savePng(drawStrips(images, options.sprite.info), name);
      say(`Saved as ${name}.`);
    } catch (error) {
      say(`The strip cannot be saved: ${error instanceof Error ? error.message : error}.`);
    }
  }

  function say(message: string): void {
    status.textContent = message;
  }

  function rowOf(loaded: LoadedModel): Row {
    const row: Row = createRow(loaded, options.sprite.info, steps.value(), {
      onStep: (code, condition) => options.onStep(loaded, code, condition),
      onChange: showWhetherSavable,
      onError: (message) => {
        // The model may not be shown any more.
        if (rows.includes(row)) {
          say(message);
        }
      },
    });
    row.at(along.value());
    return row;
  }

  function refresh(): void {
    const models = options.models();
    if (models.length !== rows.length || rows.some((row) => !models.includes(row.loaded))) {
      // Rows keep their order, although choosing a step makes its model the first elsewhere.
      const kept = rows.filter((row) => models.includes(row.loaded));
      const known = kept.map((row) => row.loaded);
      const added = models.filter((loaded) => !known.includes(loaded)).map(rowOf);
      rows = [...kept, ...added];
      rowHost.replaceChildren(...rows.map((row) => row.element));
    }
    start.refresh();
    end.refresh();
    walkAll();
  }

  along.onInput(() => {
    pause();
    showMoment();
  });
  steps.onInput(walkAll);
  const root = make(
    "div",
    { class: "paths-root" },
    make("h2", {}, "Interpolation between images"),
    make(
      "p",
      { class: "paths-note" },
      "Every model encodes both images and decodes points on the straight line between their " +
        "codes. Choose a step to see its code above.",
    ),
    make("div", { class: "paths-ends" }, start.element, end.element),
    make(
      "p",
      { class: "paths-note" },
      "Upload or drop any image, ideally a light object on a dark background. " +
        "Your images and drawings never leave your browser.",
    ),
    status,
    make("div", { class: "paths-stage" }, walks, empty),
  );
  host.replaceChildren(root);
  refresh();
  const stopWatching = watch(root, {
    onSeen: () => {
      for (const [i, image] of twoImages(options).entries()) {
        const one = i === 0 ? start : end;
        if (one.value() === null) {
          one.choose(image);
        }
      }
    },
    onGone: pause,
  });

  return {
    refresh,
    destroy() {
      stopWatching();
      pause();
      root.remove();
    },
  };
};

function prefersReducedMotion(): boolean {
  return window.matchMedia("(prefers-reduced-motion: reduce)").matches;
}

/** Two random images, of different classes if some are found. */
function twoImages(options: PathsOptions): [PathEnd, PathEnd] {
  const first = options.random();
  let second = options.random();
  for (let i = 0; i < TRIES && first.label !== null && second.label === first.label; i++) {
    second = options.random();
  }
  return [first, second];
}

/** Encoders are loaded when the section becomes visible, and playing stops when it is not. */
function watch(element: HTMLElement, actions: { onSeen(): void; onGone(): void }): () => void {
  let hasStarted = false;
  const watcher = new IntersectionObserver((entries) => {
    const isSeen = entries.at(-1)?.isIntersecting ?? false;
    if (!isSeen) {
      actions.onGone();
    } else if (!hasStarted) {
      hasStarted = true;
      actions.onSeen();
    }
  });
  watcher.observe(element);
  return () => watcher.disconnect();
}

interface Slider {
  readonly element: HTMLElement;
  value(): number;
  set(value: number): void;
  onInput(act: () => void): void;
}

/** A range with its name and value. */
function createSlider(
  label: string,
  range: { min: number; max: number; step: number; value: number },
): Slider {
  const attributes = Object.entries(range).map(([name, value]) => [name, String(value)]);
  const input = make("input", { type: "range", ...Object.fromEntries(attributes) });
  const shown = make("span", { class: "paths-value", "aria-hidden": "true" });
  const decimals = range.step < 1 ? DECIMALS : 0;
  const value = (): number => input.valueAsNumber;
  const write = (): void => {
    shown.textContent = value().toFixed(decimals);
  };
  input.addEventListener("input", write);
  write();
  return {
    element: make("div", { class: "paths-slider" }, make("label", {}, label, input), shown),
    value,
    set(wanted) {
      input.valueAsNumber = wanted;
      write();
    },
    onInput(act) {
      input.addEventListener("input", act);
    },
  };
}
