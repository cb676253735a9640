/** One end of an interpolation: a test image, an uploaded picture, or a drawing. */

import type { PathEnd, PathsOptions } from "../contracts";
import { button, make } from "../dom";
import { createPicture } from "../picture";
import { type Cut, cutOut, hasLightBorder, toInput } from "./input";
import { readPicture } from "./reading";
import { createSheet } from "./sheet";

export interface EndActions {
  onChange(): void;
  /** A message for the page. */
  onSay(message: string): void;
}

export interface End {
  readonly element: HTMLElement;
  /** null before something is chosen. */
  value(): PathEnd | null;
  choose(end: PathEnd): void;
  /** The models shown, or the current image, changed. */
  refresh(): void;
}

/** An uploaded or drawn picture, for which the visitor chooses inversion and class. */
interface Own {
  name: string;
  cut: Cut;
}

export function createEnd(title: string, options: PathsOptions, actions: EndActions): End {
  const { info } = options.sprite;
  let chosen: PathEnd | null = null;
  let own: Own | null = null;
  let readings = 0;

  const picture = createPicture(info, `${title}: nothing chosen`, "paths-picture");
  const name = make("p", { class: "paths-end-name" }, "Nothing chosen yet");
  const invert = make("input", { type: "checkbox" });
  const invertSetting = make("label", { class: "paths-setting" }, invert, "Invert");
  const classes = make(
    "select",
    { class: "paths-select" },
    ...info.classNames.map((each, label) => make("option", { value: String(label) }, each)),
  );
  const classSetting = make("label", { class: "paths-setting" }, "Class", classes);
  const current = button("Use the current image", useCurrent, "paths-button");
  const file = make("input", { type: "file", accept: "image/*", hidden: "" });
  const sheetHost = make("div", { class: "paths-sheet-host", hidden: "" });
  const draw = button("Draw", toggleSheet, "paths-button");
  draw.setAttribute("aria-expanded", "false");
  const element = make(
    "fieldset",
    { class: "paths-end" },
    make("legend", {}, title),
    make(
      "div",
      { class: "paths-chosen" },
      picture.element,
      make("div", { class: "paths-about" }, name, invertSetting, classSetting),
    ),
    make(
      "div",
      { class: "paths-buttons" },
      button("Random image", () => choose(options.random()), "paths-button"),
      button("Upload an image", () => file.click(), "paths-button"),
      current,
      draw,
      file,
    ),
    sheetHost,
  );

  function useCurrent(): void {
    const image = options.current();
    if (image !== null) {
      choose(image);
    }
  }

  function choose(end: PathEnd): void {
    // A picture that is still being read is ignored.
    readings += 1;
    own = null;
    show(end);
  }

  function chooseOwn(wanted: Own, isInverted: boolean): void {
    readings += 1;
    own = wanted;
    invert.checked = isInverted;
    showOwn(pixelsOf(wanted));
  }

  function pixelsOf({ cut }: Own): PathEnd["pixels"] {
    return toInput(cut, info.channels, invert.checked);
  }

  function showOwn(pixels: PathEnd["pixels"]): void {
    if (own !== null) {
      show({ name: own.name, pixels, label: chosenClass() });
    }
  }

  function show(end: PathEnd): void {
    chosen = end;
    name.textContent = end.name;
    name.title = end.name;
    picture.element.setAttribute("aria-label", `${title}: ${end.name}`);
    picture.show(end.pixels);
    showSettings();
    actions.onChange();
  }

  /** Hidden settings keep their space, so that nothing moves. */
  function showSettings(): void {
    invertSetting.classList.toggle("paths-absent", own === null);
    classSetting.classList.toggle("paths-absent", own === null || !asksForClass());
  }

  function asksForClass(): boolean {
    return info.classNames.length > 0 && options.models().some(({ model }) => model.classCount > 0);
  }

  function chosenClass(): number | null {
    return asksForClass() ? Number(classes.value) : null;
  }

  async function read(picked: File): Promise<void> {
    readings += 1;
    const reading = readings;
    try {
      const cut = cutOut(await readPicture(picked), info);
      if (reading === readings) {
        chooseOwn({ name: picked.name, cut }, hasLightBorder(cut));
      }
    } catch {
      if (reading === readings) {
        actions.onSay(`This browser cannot read “${picked.name}” as an image.`);
      }
    }
  }

  function toggleSheet(): void {
    if (sheetHost.childElementCount === 0) {
      const sheet = createSheet(info, (drawing) =>
        // Drawings are light on dark, however much of the border they cover.
        chooseOwn({ name: "Your drawing", cut: cutOut(drawing, info) }, false),
      );
      sheetHost.append(sheet.element);
    }
    sheetHost.hidden = !sheetHost.hidden;
    draw.setAttribute("aria-expanded", String(!sheetHost.hidden));
  }

  invert.addEventListener("change", () => {
    if (own !== null) {
      showOwn(pixelsOf(own));
    }
  });
  classes.addEventListener("change", () => {
    if (chosen !== null) {
      showOwn(chosen.pixels);
    }
  });
  file.addEventListener("change", () => {
    const picked = file.files?.[0];
    if (picked !== undefined) {
      void read(picked);
    }
    // So that the same file can be picked again.
    file.value = "";
  });
  acceptDrops(element, (dropped) => {
    if (dropped === undefined) {
      actions.onSay("That isn't a file. Save the image first, then drop the file here.");
    } else {
      void read(dropped);
    }
  });
  showSettings();

  return {
    element,
    value: () => chosen,
    choose,
    refresh() {
      current.disabled = options.current() === null;
      showSettings();
      if (own !== null && chosen !== null && chosen.label !== chosenClass()) {
        showOwn(chosen.pixels);
      }
    },
  };
}

/** Without this, the browser would open a dropped file in place of the page. */
function acceptDrops(box: HTMLElement, onDrop: (file: File | undefined) => void): void {
  const mark = (isOver: boolean): void => {
    box.classList.toggle("paths-over", isOver);
  };
  box.addEventListener("dragover", (event) => {
    event.preventDefault();
    mark(true);
  });
  box.addEventListener("dragleave", (event) => {
    const to = event.relatedTarget;
    mark(to instanceof Node && box.contains(to));
  });
  box.addEventListener("drop", (event) => {
    event.preventDefault();
    mark(false);
    onDrop(event.dataTransfer?.files[0]);
  });
}
