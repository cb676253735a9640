/** The explorer: one code, the images that models decode from it, and every way to change it. */

import { type Address, createAddress, linkTo } from "./address";
import { createBar } from "./bar";
import { type Classes, createClasses, decodeAllClasses } from "./classes";
import { newestWins } from "./coalesce";
import { codeOf } from "./codes";
import type { Index, LoadedModel, PathEnd, Pixels, Sprite } from "./contracts";
import { make } from "./dom";
import { createMaps } from "./maps";
import { conditionOf, createLoadedModel } from "./networks";
import { createOriginal, testImageName } from "./original";
import { createPanel, type Panel } from "./panel";
import { createPaths } from "./paths";
import { drawNoise, type Random } from "./prior";
import { storedSamples } from "./samples";
import { createSliders, type Sliders } from "./sliders";
import { channelNote } from "./sprite";
import { fromHash, type State, withCompared, withModel, withStep } from "./state";

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

  private readonly models: ReadonlyMap<string, LoadedModel>;
  private readonly address: Address = createAddress();
  private readonly status = make("p", { class: "ex-status", role: "status" });
  private readonly panelHost = make("div", { class: "ex-panels" });
  private readonly classHost = make("div");
  private readonly sliderHost = make("div");
  private readonly sampleHost = make("div");
  private readonly original;
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
      this.now.image = 0; // an image is easier to understand than the mean of the prior
    }
    this.original = createOriginal(sprite);
    this.bar = createBar(index, {
      onModel: (slug) => this.change(withModel(this.now, index, slug)),
      onCompare: (slug, isShown) => this.change(withCompared(this.now, slug, isShown)),
      onRandomImage: () => this.chooseImage(this.randomImage()),
      onRandomCode: () => void this.drawCode(),
      onReset: () => this.change({ image: null, code: null, label: null }),
      onCopyLink: () => void this.copyLink(),
    });
    this.maps = createMaps({
      sprite,
      onKind: (map) => this.change({ map }),
      onImage: (image) => this.chooseImage(image),
      onCode: (code) => this.move(code, null),
    });
    const pathsHost = make("section", { class: "ex-paths" });
    const note = channelNote(index.images.channels);
    host.replaceChildren(
      this.bar.element,
      ...(note === null ? [] : [make("p", { class: "ex-note" }, note)]),
      this.status,
      this.main(),
      pathsHost,
    );
    this.paths = createPaths(pathsHost, {
      sprite,
      models: () => this.shown(),
      current: () => (this.now.image === null ? null : this.endOf(this.now.image)),
      random: () => this.endOf(this.randomImage()),
      onStep: ({ model }, code, condition) =>
        this.change(withStep(this.now, model.slug, code, condition)),
    });
    window.addEventListener("popstate", () => {
      this.now = fromHash(location.hash, index);
      void this.update();
    });
    void this.update();
  }

  // For tests.

  state(): State {
    return this.now;
  }

  /** The image that a model shows, by default the first model. */
  pixels(slug?: string): Pixels | null {
    const wanted = slug ?? this.now.models[0];
    return this.panels.find((panel) => panel.loaded.model.slug === wanted)?.pixels() ?? null;
  }

  /** The number of images shown so far. */
  frames(): number {
    return this.shownFrames;
  }

  // Changes of the state.

  private change(changes: Partial<State>): void {
    this.now = { ...this.now, ...changes };
    this.address.push(this.now);
    void this.update();
  }

  /** Change the code many times a second; `image` is the one that the code began from. */
  private move(code: Float32Array, image: number | null): void {
    this.now = { ...this.now, image, code: [...code] };
    this.address.replaceSoon(() => this.now);
    void this.update();
  }

  private chooseImage(image: number): void {
    this.change({ image, code: null, label: this.sprite.labels?.[image] ?? null });
    this.say(`${testImageName(this.sprite, image)}, chosen`);
  }

  private async drawCode(): Promise<void> {
    const loaded = this.first();
    const before = this.now;
    try {
      const noise = drawNoise(loaded.model.noiseSize, this.random);
      const condition = conditionOf(loaded.model, this.currentLabel());
      const code = await loaded.sample(noise, condition);
      if (this.now === before) {
        this.change({ image: null, code: [...code] });
      }
    } catch (error) {
      this.complain(error);
    }
  }

  private async copyLink(): Promise<void> {
    this.address.replace(this.now);
    const link = linkTo(this.now);
    try {
      await navigator.clipboard.writeText(link);
      this.say("Link copied");
    } catch {
      this.say(`Copy this link: ${link}`);
    }
  }

  // The page follows the state.

  private async update(): Promise<void> {
    this.updates += 1;
    const turn = this.updates;
    try {
      this.arrange();
      const code = await this.currentCode();
      if (turn !== this.updates) {
        return; // a newer update began while the code was being loaded
      }
      this.code = code;
      this.codeImage = this.now.image;
      const label = this.currentLabel();
      this.sliders?.show(this.code);
      this.classes?.choose(label);
      this.maps.mark(this.code, this.now.code === null ? this.now.image : null);
      this.original.show(this.now.image);
      this.paths.refresh();
      const panels = this.panels.map((panel) => this.decodeIn(panel, label, turn));
      await Promise.all([...panels, this.decodeClasses()]);
    } catch (error) {
      this.complain(error);
    }
  }

  /** Rebuild only what depends on the models and the map, where these have changed. */
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
    this.sliders = createSliders(first.model, (code) => this.move(code, this.codeImage));
    this.sliderHost.replaceChildren(this.sliders.element);
    this.classes =
      first.model.classCount > 0
        ? createClasses(this.index.images, (label) => this.change({ label }))
        : null;
    this.classHost.replaceChildren(...(this.classes === null ? [] : [this.classes.element]));
    this.sampleHost.replaceChildren();
    this.showSamples(first).catch((error) => this.complain(error));
  }

  private async showSamples(loaded: LoadedModel): Promise<void> {
    const strip = await storedSamples(loaded.model);
    if (strip !== null && loaded === this.first()) {
      this.sampleHost.replaceChildren(strip);
    }
  }

  private main(): HTMLElement {
    return make(
      "div",
      { class: "ex-main" },
      this.maps.element,
      make(
        "section",
        { class: "ex-side", "aria-label": "Decoded image" },
        make("div", { class: "ex-images" }, this.original.element, this.panelHost),
        this.classHost,
        this.sliderHost,
        this.sampleHost,
      ),
    );
  }

  private async currentCode(): Promise<Float32Array> {
    const { model } = this.first();
    const { code, image } = this.now;
    if (code !== null && code.length === model.latentSize) {
      return Float32Array.from(code);
    }
    return image === null
      ? Float32Array.from(model.center)
      : codeOf(this.first(), this.sprite, image);
  }

  private currentLabel(): number {
    const { image, label } = this.now;
    return label ?? (image === null ? undefined : this.sprite.labels?.[image]) ?? 0;
  }

  /**
   * The first model decodes the code. The others decode their own code of the same image or, once
   * the code has moved, the same code, where it has as many dimensions.
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
      own = await codeOf(panel.loaded, this.sprite, image);
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
    if (target === null || !target.hasPictures) {
      return;
    }
    const images = await this.decodeAll({ loaded: this.first(), code: this.code });
    if (images !== null && target === this.classes) {
      target.show(images);
    }
  }

  // Helpers.

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
    return { name: testImageName(this.sprite, image), pixels: this.sprite.pixels(image), label };
  }

  private say(text: string): void {
    this.status.textContent = text;
  }

  private complain(error: unknown): void {
    this.say(error instanceof Error ? error.message : String(error));
  }
}
