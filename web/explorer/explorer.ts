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

export class Explorer {
  private now: State;
  private code: Float32Array = new Float32Array();
  /** The test image that `code` began from. */
  private codeImage: number | null = null;
  private shownFrames = 0;
  private panels: Panel[] = [];
  private sliders: Sliders | null = null;
  private classes: Classes | null = null;
  private arrangedModels = "";
  private arrangedMap = "";
  private updates = 0;
  private addressTimer = 0;

  private readonly models: ReadonlyMap<string, LoadedModel>;
  private readonly status = make("p", { class: "ex-status", role: "status" });
  private readonly panelHost = make("div", { class: "ex-panels" });
  private readonly classHost = make("div");
  private readonly sliderHost = make("div");
  private readonly original;
  private readonly originalName = make("figcaption");
  private readonly originalNote = make("p", { class: "ex-note" }, "Not the code of a test image");
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
    if (location.hash === "") {
      this.now.image = 0; // a garment says more than the middle of the prior
    }
    this.original = createPicture(index.images, "The test image", "ex-image");
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
      onCode: (code) => this.glide(code, null),
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

  /** The image that a model shows, by default the first. */
  pixels(slug?: string): Pixels | null {
    const wanted = slug ?? this.now.models[0];
    return this.panels.find((panel) => panel.loaded.model.slug === wanted)?.pixels() ?? null;
  }

  /** Images shown so far. */
  frames(): number {
    return this.shownFrames;
  }

  // What moves the point.

  private change(changes: Partial<State>): void {
    this.now = { ...this.now, ...changes };
    this.remember(history.pushState);
    void this.update();
  }

  /** Many times a second: the address follows when it rests. `image`: where the code began. */
  private glide(code: Float32Array, image: number | null): void {
    this.now = { ...this.now, image, code: [...code] };
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
    this.updates += 1;
    const turn = this.updates;
    try {
      this.arrange();
      const code = await this.currentCode();
      if (turn !== this.updates) {
        return; // overtaken while the code was being loaded
      }
      this.code = code;
      this.codeImage = this.now.image;
      const label = this.currentLabel();
      this.sliders?.show(this.code);
      this.classes?.choose(label);
      this.maps.mark(this.code, this.now.code === null ? this.now.image : null);
      this.showOriginal();
      this.paths.refresh();
      const panels = this.panels.map((panel) => this.decodeIn(panel, label, turn));
      await Promise.all([...panels, this.decodeClasses()]);
    } catch (error) {
      this.complain(error);
    }
  }

  /** Build anew what depends on which models and which map are shown, and nothing else. */
  private arrange(): void {
    const models = this.now.models.join();
    if (models !== this.arrangedModels) {
      this.arrangedModels = models;
      this.arrangeModels();
    }
    const map = `${this.now.models[0]} ${this.now.map}`;
    if (map !== this.arrangedMap) {
      this.arrangedMap = map;
      this.maps.show(this.first(), this.now.map).catch((error) => this.complain(error));
    }
  }

  private arrangeModels(): void {
    const first = this.first();
    const before = this.panels;
    this.bar.show(this.now, first.model);
    this.panels = this.shown().map(
      (loaded) =>
        before.find((panel) => panel.loaded === loaded) ?? createPanel(loaded, this.index.images),
    );
    this.panelHost.replaceChildren(...this.panels.map((panel) => panel.element));
    if (before[0]?.loaded === first) {
      return;
    }
    this.sliders = createSliders(first.model, (code) => this.glide(code, this.codeImage));
    this.sliderHost.replaceChildren(this.sliders.element);
    this.classes =
      first.model.classCount > 0
        ? createClasses(this.index.images, (label) => this.change({ label }))
        : null;
    this.classHost.replaceChildren(...(this.classes === null ? [] : [this.classes.element]));
  }

  private main(): HTMLElement {
    const original = make(
      "figure",
      { class: "ex-panel" },
      make("div", { class: "ex-frame" }, this.original.element, this.originalNote),
      this.originalName,
    );
    return make(
      "div",
      { class: "ex-main" },
      this.maps.element,
      make(
        "section",
        { class: "ex-side", "aria-label": "Decoded image" },
        make("div", { class: "ex-images" }, original, this.panelHost),
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

  /**
   * The first model decodes the code. Those beside it decode their own code of the same image; once
   * the code was moved, the same code, where it has as many dimensions.
   */
  private async decodeIn(panel: Panel, label: number, turn: number): Promise<void> {
    const { model } = panel.loaded;
    const { code, image } = this.now;
    const condition = conditionOf(model, label);
    let own: Float32Array | null = null;
    let basis = "";
    if (panel === this.panels[0]) {
      own = this.code;
    } else if (model.latentSize === this.code.length && (image === null || code !== null)) {
      own = this.code;
      basis = "the same code";
    } else if (image !== null) {
      own = await storedCode(model, image);
      basis = "its own code of the test image";
    }
    if (turn !== this.updates) {
      return;
    }
    if (own === null) {
      panel.explain(
        `has ${model.latentSize} latent dimensions, not ${this.code.length}: ` +
          "choose an image to compare",
      );
    } else if (await panel.decode(own, condition, basis)) {
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
    this.originalNote.hidden = image !== null;
    this.original.element.hidden = image === null;
    this.originalName.textContent = image === null ? "" : this.imageName(image);
    if (image !== null) {
      this.original.show(this.sprite.pixels(image));
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
