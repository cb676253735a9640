/** What Python writes for the explorer, and what its parts give each other. */

export const INDEX_VERSION = 1;

/** The first thing that is loaded. */
export interface Index {
  version: number;
  study: string;
  images: ImagesInfo;
  models: Model[];
}

/** The test images, all on one picture: tile beside tile, row after row, without gaps. */
export interface ImagesInfo {
  dataName: string;
  count: number;
  channels: 1 | 3;
  height: number;
  width: number;
  columns: number;
  /** Bytes in base64, one per image; null where the data has no labels. */
  labels: string | null;
  classNames: string[];
}

export interface Model {
  /** Unique and safe in paths and addresses. */
  slug: string;
  /** The run's name: any characters. */
  name: string;
  preset: string;
  /** Address of its page, from the site's root. */
  page: string;
  facts: { label: string; value: string }[];
  latentSize: number;
  /** 0: not conditional. */
  classCount: number;
  /** null: an autoencoder, from which nothing can be drawn. */
  prior: Mixture | null;
  /** In falling order of what they say. */
  dimensions: Dimension[];
  /** The first is the one to begin with. */
  maps: MapInfo[];
  bytes: { decoder: number; encoder: number };
}

/** A mixture of Gaussians with diagonal covariances. */
export interface Mixture {
  weights: number[];
  means: number[][];
  standardDeviations: number[][];
}

export interface Dimension {
  index: number;
  /** null for an autoencoder. */
  klNats: number | null;
  center: number;
  scale: number;
}

export interface MapInfo {
  kind: string;
  title: string;
  axisLabels: [string, string];
  /** z = origin + x axes[0] + y axes[1]; null where a point on the map has no code. */
  plane: Plane | null;
}

export interface Plane {
  origin: number[];
  axes: [number[], number[]];
}

/** One image as the models see it: channels, height, width; values in [0, 1]. */
export type Pixels = Float32Array;

/** The test images, ready to be drawn and read. */
export interface Sprite {
  readonly info: ImagesInfo;
  /** The class of each image; null without labels. */
  readonly labels: Uint8Array | null;
  /** The picture, for drawing many tiles at once. */
  readonly picture: CanvasImageSource;
  /** Where image `index` lies on the picture, in its pixels. */
  place(index: number): { x: number; y: number };
  /** Image `index` as a model's input. */
  pixels(index: number): Pixels;
}

/** Weights of the classes (K); null for a model that takes none. */
export type Condition = Float32Array | null;

export interface Decoder {
  /** Images of `codes` (N times D), one after the other; the condition is (N times K). */
  decode(codes: Float32Array, condition: Condition): Promise<Float32Array>;
}

export interface Encoder {
  /** Posterior means (N times D) of images. */
  encode(images: Float32Array, condition: Condition): Promise<Float32Array>;
}

/** A model with its networks, each loaded when first asked for. */
export interface LoadedModel extends Decoder, Encoder {
  readonly model: Model;
}

export interface MapOptions {
  info: MapInfo;
  /** Coordinates, N times 2; those that are no numbers are left out, and that is told. */
  points: Float32Array;
  sprite: Sprite;
  /** Decodes the image's own code; null if that is overtaken by a newer wish. */
  reconstruct(index: number): Promise<Pixels | null>;
  /** A test image was chosen. */
  onImage(index: number): void;
  /** A point of the plane was chosen, or is being walked over. */
  onPoint(x: number, y: number): void;
}

export interface LatentMap {
  /** Show where the current code lies; null where that is nowhere on this map. */
  mark(place: { x: number; y: number } | null): void;
  destroy(): void;
}

export interface PathEnd {
  /** As a title: a class and a number, "your drawing". */
  name: string;
  pixels: Pixels;
  /** The class, where it is known or was chosen. */
  label: number | null;
}

export interface PathsOptions {
  sprite: Sprite;
  /** The models to walk in: a strip each. */
  models(): readonly LoadedModel[];
  /** The image chosen last; null where the current point is no image's. */
  current(): PathEnd | null;
  /** A random test image. */
  random(): PathEnd;
  /** A step of a walk was chosen. */
  onStep(model: LoadedModel, code: Float32Array, condition: Condition): void;
}

export interface Paths {
  /** The models shown, or the current image, changed. */
  refresh(): void;
  destroy(): void;
}

export type CreateMap = (host: HTMLElement, options: MapOptions) => Promise<LatentMap>;
export type CreatePaths = (host: HTMLElement, options: PathsOptions) => Paths;
