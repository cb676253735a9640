/** The explorer: one code, the images that models make of it, and every way to move it. */

import { createBar } from "./bar";
import { type Classes, createClasses } from "./classes";
import { newestWins } from "./coalesce";
import { storedCode } from "./codes";
import type { Condition, Index, LoadedModel, PathEnd, Pixels, Sprite } from "./contracts";
import { make } from "./dom";
import { centerOf } from "./geometry";
import { createMaps } from "./maps";
import { conditionOf, createLoadedModel } from "./networks";
import { createPanel, type Panel } from "./panel";
import { createPaths } from "./paths";
import { createPicture } from "./picture";
import { drawFrom, type Random } from "./prior";
import { createSliders, type Sliders } from "./sliders";
import { fromHash, modelOf, type State, toHash } from "./state";

/** While a slider moves, the address waits. */
const ADDRESS_DELAY_MS = 300;

/** What tests and the curious may read. */
export interface Readings {
  state(): State;
  /** The image that a model shows; by default the first. */
  pixels(slug?: string): Pixels | null;
  /** Images shown so far. */
  frames(): number;
}

export class Explorer implements Readings {
  private now: State;
  private code: Float32Array = new Float32Array();
  private shownFrames = 0;
  private panels: Panel[] = [];
  private sliders: Sliders | null = null;
  private classes: Classes | null = null;
  private arrangement = "";
  private addressTimer = 0;

  private readonly models: ReadonlyMap<string, LoadedModel>;
  private readonly status = make("p", { class: "ex-status", role: "status" });
  private readonly panelHost = make("div", { class: "ex-panels" });
  private readonly classHost = make("div");
  private readonly sliderHost = make("div");
  private readonly original;
  private readonly originalName = make("figcaption");
  private readonly originalFigure;
  private readonly bar;
  private readonly maps;
  private readonly paths;
  private readonly decodeAll = newestWins(decodeAllClasses);

  constructor(
    host: HTMLElement,
    private readonly index: Index,
    private readonly sprite: Sprite,
    private readonly random: Random,
  ) {
    this.models = new Map(
      index.models.map((model) => [model.slug, createLoadedModel(model, index.images)]),
    );
    this.now = fromHash(location.hash, index);
    this.original = createPicture(index.images, "The test image", "ex-image");
    this.originalFigure = make(
      "figure",
      { class: "ex-panel" },
      make("div", { class: "ex-frame" }, this.original.element),
      this.originalName,
    );
    this.bar = createBar(index, {
      onModel: (slug) => this.chooseModel(slug),
      onBeside: (slug, isWanted) => this.chooseBeside(slug, isWanted),
      onRandomImage: () => this.chooseImage(this.randomImage()),
      onRandomCode: () => this.drawCode(),
      onReset: () => this.change({ image: null, code: null, label: null }),
      onCopyLink: () => void this.copyLink(),
    });
    this.maps = createMaps({
      sprite,
      onKind: (map) => this.change({ map }),
      onImage: (image) => this.chooseImage(image),
      onCode: (code) => this.glide(code),
    });
    const pathsHost = make("section", { class: "ex-paths" });
    host.replaceChildren(this.bar.element, this.status, this.main(), pathsHost);
    this.paths = createPaths(pathsHost, {
      sprite,
      models: () => this.shown(),
      current: () => (this.now.image === null ? null : this.endOf(this.now.image)),
      random: () => this.endOf(this.randomImage()),
      onStep: (loaded, code, condition) => this.chooseStep(loaded, code, condition),
    });
    window.addEventListener("popstate", () => {
      this.now = fromHash(location.hash, index);
      void this.update();
    });
    void this.update();
  }

  // What may be read.

  state(): State {
    return this.now;
  }

  pixels(slug?: string): Pixels | null {
    const wanted = slug ?? this.now.models[0];
    return this.panels.find((panel) => panel.loaded.model.slug === wanted)?.pixels() ?? null;
  }

  frames(): number {
    return this.shownFrames;
  }

  // What moves the point.

  private change(changes: Partial<State>): void {
    this.now = { ...this.now, ...changes };
    this.remember(history.pushState);
    void this.update();
  }

  /** Many times a second: the address follows when it rests. */
  private glide(code: Float32Array): void {
    this.now = { ...this.now, image: null, code: [...code] };
    clearTimeout(this.addressTimer);
    this.addressTimer = window.setTimeout(
      () => this.remember(history.replaceState),
      ADDRESS_DELAY_MS,
    );
    void this.update();
  }

  private remember(write: History["pushState"]): void {
    clearTimeout(this.addressTimer);
    try {
      write.call(history, null, "", toHash(this.now));
    } catch {
      // Some browsers keep no history of pages from disk; the link can still be copied.
    }
  }

  private chooseModel(slug: string): void {
    const [before, ...others] = this.now.models;
    const size = (each: string): number => modelOf(this.index, each).latentSize;
    this.change({
      models: [slug, ...others.filter((each) => each !== slug)],
      code: size(slug) === size(before) ? this.now.code : null,
      map: null,
    });
  }

  private chooseBeside(slug: string, isWanted: boolean): void {
    const [first, ...others] = this.now.models;
    const kept = others.filter((each) => each !== slug);
    this.change({ models: isWanted ? [first, ...kept, slug] : [first, ...kept] });
  }

  private chooseImage(image: number): void {
    this.change({ image, code: null, label: this.sprite.labels?.[image] ?? null });
    this.say(`${this.imageName(image)}, chosen`);
  }

  private drawCode(): void {
    const { prior } = this.first().model;
    if (prior !== null) {
      this.change({ image: null, code: [...drawFrom(prior, this.random)] });
    }
  }

  private chooseStep(loaded: LoadedModel, code: Float32Array, condition: Condition): void {
    const { slug } = loaded.model;
    this.change({
      models: [slug, ...this.now.models.filter((each) => each !== slug)],
      image: null,
      code: [...code],
      label: condition === null ? this.now.label : condition.indexOf(Math.max(...condition)),
      map: slug === this.now.models[0] ? this.now.map : null,
    });
  }

  private async copyLink(): Promise<void> {
    this.remember(history.replaceState);
    const link = new URL(toHash(this.now), location.href).href;
    try {
      await navigator.clipboard.writeText(link);
      this.say("Link copied");
    } catch {
      this.say(`Copy this link: ${link}`);
    }
  }

  // What is shown of it.

  private async update(): Promise<void> {
    try {
      this.arrange();
      this.code = await this.currentCode();
      const label = this.currentLabel();
      this.sliders?.show(this.code);
      this.classes?.choose(label);
      this.maps.mark(this.code, this.now.code === null ? this.now.image : null);
      this.showOriginal();
      this.paths.refresh();
      const panels = this.panels.map((panel) => this.decodeIn(panel, label));
      await Promise.all([...panels, this.decodeClasses()]);
    } catch (error) {
      this.complain(error);
    }
  }

  /** Build anew what depends on which models and which map are shown. */
  private arrange(): void {
    const wanted = JSON.stringify([this.now.models, this.now.map]);
    if (wanted === this.arrangement) {
      return;
    }
    this.arrangement = wanted;
    const first = this.first();
    this.bar.show(this.now, first.model);
    this.panels = this.shown().map((loaded) => createPanel(loaded, this.index.images));
    this.panelHost.replaceChildren(...this.panels.map((panel) => panel.element));
    this.sliders = createSliders(first.model, (code) => this.glide(code));
    this.sliderHost.replaceChildren(this.sliders.element);
    this.classes =
      first.model.classCount > 0
        ? createClasses(this.index.images, (label) => this.change({ label }))
        : null;
    this.classHost.replaceChildren(...(this.classes === null ? [] : [this.classes.element]));
    this.maps.show(first, this.now.map).catch((error) => this.complain(error));
  }

  private main(): HTMLElement {
    return make(
      "div",
      { class: "ex-main" },
      this.maps.element,
      make(
        "section",
        { class: "ex-side", "aria-label": "Decoded image" },
        make("div", { class: "ex-images" }, this.originalFigure, this.panelHost),
        this.classHost,
        this.sliderHost,
      ),
    );
  }

  private async currentCode(): Promise<Float32Array> {
    const { model } = this.first();
    const { code, image } = this.now;
    if (code !== null && code.length === model.latentSize) {
      return Float32Array.from(code);
    }
    return image === null ? centerOf(model) : storedCode(model, image);
  }

  private currentLabel(): number {
    const { image, label } = this.now;
    return label ?? (image === null ? undefined : this.sprite.labels?.[image]) ?? 0;
  }

  /** The first model decodes the code; those beside it the same code, or the same image. */
  private async decodeIn(panel: Panel, label: number): Promise<void> {
    const { model } = panel.loaded;
    const { code, image } = this.now;
    const condition = conditionOf(model, label);
    let own: Float32Array | null = null;
    if (panel === this.panels[0]) {
      own = this.code;
    } else if (image !== null && code === null) {
      own = await storedCode(model, image);
    } else if (model.latentSize === this.code.length) {
      own = this.code;
    }
    if (own === null) {
      panel.explain(
        `has ${model.latentSize} latent dimensions, not ${this.code.length}: ` +
          "choose an image to compare",
      );
    } else if (await panel.decode(own, condition)) {
      this.shownFrames += 1;
    }
  }

  private async decodeClasses(): Promise<void> {
    const target = this.classes;
    if (target === null) {
      return;
    }
    const images = await this.decodeAll({ loaded: this.first(), code: this.code });
    if (images !== null && target === this.classes) {
      target.show(images);
    }
  }

  private showOriginal(): void {
    const { image } = this.now;
    // Its place stays, so that nothing jumps when it goes.
    this.originalFigure.style.visibility = image === null ? "hidden" : "visible";
    if (image !== null) {
      this.original.show(this.sprite.pixels(image));
      this.originalName.textContent = this.imageName(image);
    }
  }

  // Small things.

  private first(): LoadedModel {
    return this.loadedOf(this.now.models[0]);
  }

  private shown(): LoadedModel[] {
    return this.now.models.map((slug) => this.loadedOf(slug));
  }

  private loadedOf(slug: string): LoadedModel {
    const found = this.models.get(slug);
    if (found === undefined) {
      throw new Error(`there is no model ${slug}`);
    }
    return found;
  }

  private randomImage(): number {
    return Math.floor(this.random() * this.index.images.count);
  }

  private endOf(image: number): PathEnd {
    const label = this.sprite.labels?.[image] ?? null;
    return { name: this.imageName(image), pixels: this.sprite.pixels(image), label };
  }

  private imageName(image: number): string {
    const label = this.sprite.labels?.[image];
    const name = label === undefined ? "" : `, ${this.index.images.classNames[label]}`;
    return `Test image ${image}${name}`;
  }

  private say(text: string): void {
    this.status.textContent = text;
  }

  private complain(error: unknown): void {
    this.say(error instanceof Error ? error.message : String(error));
  }
}

/** One code in every class, one image after the other. */
function decodeAllClasses(wish: {
  loaded: LoadedModel;
  code: Float32Array;
}): Promise<Float32Array> {
  const { classCount, latentSize } = wish.loaded.model;
  const codes = new Float32Array(classCount * latentSize);
  const conditions = new Float32Array(classCount * classCount);
  for (let label = 0; label < classCount; label++) {
    codes.set(wish.code, label * latentSize);
    conditions[label * classCount + label] = 1;
  }
  return wish.loaded.decode(codes, conditions);
}
