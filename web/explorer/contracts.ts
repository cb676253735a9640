/** What Python writes for the explorer, and the interfaces between its parts. */

export const INDEX_VERSION = 2;

/** Loaded first. */
export interface Index {
  version: number;
  study: string;
  images: ImagesInfo;
  models: Model[];
}

/**
 * The test images on one picture: tile next to tile, row after row, without gaps. Where an image has
 * neither 1 nor 3 channels, a tile holds its channels below each other, in gray.
 */
export interface ImagesInfo {
  dataName: string;
  count: number;
  channels: number;
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
  /** 0 for an unconditional model. */
  classCount: number;
  /** Numbers of noise that a draw of the prior takes; 0 where the browser cannot draw. */
  noiseSize: number;
  /** Why the browser cannot draw from the prior; empty if it can. */
  samplingNote: string;
  /** Whether samples were stored instead. */
  hasSamples: boolean;
  /** Whether the codes of the test images were stored; else the browser encodes them. */
  hasCodes: boolean;
  /** The code to start with. */
  center: number[];
  /** The dimensions with sliders, in falling order of KL or variance; none of a large code. */
  dimensions: Dimension[];
  /** The first is shown first. */
  maps: MapInfo[];
  bytes: { decoder: number; encoder: number };
}

export interface Dimension {
  index: number;
  name: string;
  /** null where the KL is not known by dimension. */
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

/** One image as a model's input: channels, height, width; values in [0, 1]. */
export type Pixels = Float32Array;

/** The test images, ready to be drawn and read. */
export interface Sprite {
  readonly info: ImagesInfo;
  /** The class of each image; null without labels. */
  readonly labels: Uint8Array | null;
  /** All images as they are shown, for drawing many tiles at once. */
  readonly picture: CanvasImageSource;
  /** Position of image `index` on the picture, in pixels. */
  place(index: number): { x: number; y: number };
  /** Image `index` as a model's input. */
  pixels(index: number): Pixels;
}

/** Weights of the classes (K); null for an unconditional model. */
export type Condition = Float32Array | null;

export interface Decoder {
  /** Images of `codes` (N times D), one after the other; the condition is (N times K). */
  decode(codes: Float32Array, condition: Condition): Promise<Float32Array>;
}

export interface Encoder {
  /** Codes (N times D) of images. */
  encode(images: Float32Array, condition: Condition): Promise<Float32Array>;
}

/** A model with its networks, each loaded when it is first used. */
export interface LoadedModel extends Decoder, Encoder {
  readonly model: Model;
  /** Draws of the prior (N times D) from standard normal noise (N times M). */
  sample(noise: Float32Array, condition: Condition): Promise<Float32Array>;
}

export interface MapOptions {
  info: MapInfo;
  /** Coordinates, N times 2; those that are not finite are left out, and the page says so. */
  points: Float32Array;
  sprite: Sprite;
  /** Decodes the image's code; null if a newer request replaced this one. */
  reconstruct(index: number): Promise<Pixels | null>;
  /** A test image was chosen. */
  onImage(index: number): void;
  /** A point of the plane was chosen, or the pointer moves over it. */
  onPoint(x: number, y: number): void;
}

export interface LatentMap {
  /** Show the position of the current code; null where it has none on this map. */
  mark(place: { x: number; y: number } | null): void;
  destroy(): void;
}

export interface PathEnd {
  /** As a title: a class and a number, "Your drawing". */
  name: string;
  pixels: Pixels;
  /** The class, where it is known or was chosen. */
  label: number | null;
}

export interface PathsOptions {
  sprite: Sprite;
  /** The models that interpolate, one strip each. */
  models(): readonly LoadedModel[];
  /** The image chosen last; null where the current code is not that of an image. */
  current(): PathEnd | null;
  /** A random test image. */
  random(): PathEnd;
  /** A step of an interpolation was chosen. */
  onStep(model: LoadedModel, code: Float32Array, condition: Condition): void;
}

export interface Paths {
  /** The models shown, or the current image, changed. */
  refresh(): void;
  destroy(): void;
}

export type CreateMap = (host: HTMLElement, options: MapOptions) => Promise<LatentMap>;
export type CreatePaths = (host: HTMLElement, options: PathsOptions) => Paths;
