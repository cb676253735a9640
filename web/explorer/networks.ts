import type { InferenceSession } from "onnxruntime-web/wasm";
import type { Runtime } from "../runtime/main";
import { inTurn } from "./coalesce";
import type { Condition, ImagesInfo, LoadedModel, Model } from "./contracts";
import { loadBytes, runScript } from "./payloads";

const takingTurns = inTurn();
let runtime: Promise<Runtime> | null = null;

/** Five megabytes, loaded once, when the first network is needed. */
function startRuntime(): Promise<Runtime> {
  runtime ??= runScript("assets/runtime.js").then(() => {
    if (window.vaelabRuntime === undefined) {
      throw new Error("assets/runtime.js holds something else than it should");
    }
    return window.vaelabRuntime;
  });
  // What could not be had once may be asked for again.
  runtime.catch(() => {
    runtime = null;
  });
  return runtime;
}

/** A model whose networks are loaded when they are first needed. */
export function createLoadedModel(model: Model, images: ImagesInfo): LoadedModel {
  const imageShape = [images.channels, images.height, images.width];
  const decoder = network(`${model.slug}/decoder`, "codes", [model.latentSize], model, "images");
  const encoder = network(`${model.slug}/encoder`, "images", imageShape, model, "mean");
  return { model, decode: decoder, encode: encoder };
}

function network(
  key: string,
  input: string,
  shape: readonly number[],
  model: Model,
  output: string,
): (values: Float32Array, condition: Condition) => Promise<Float32Array> {
  let session: Promise<InferenceSession> | null = null;
  const size = shape.reduce((product, length) => product * length, 1);
  return async (values, condition) => {
    const { InferenceSession, Tensor } = await startRuntime();
    session ??= loadBytes(key).then((bytes) =>
      InferenceSession.create(bytes, { executionProviders: ["wasm"], logSeverityLevel: 3 }),
    );
    session.catch(() => {
      session = null;
    });
    const ready = await session;
    const count = values.length / size;
    const feeds: Record<string, InstanceType<typeof Tensor>> = {
      [input]: new Tensor("float32", values, [count, ...shape]),
    };
    if (condition !== null) {
      feeds["condition"] = new Tensor("float32", condition, [count, model.classCount]);
    }
    const found = (await takingTurns(() => ready.run(feeds)))[output];
    if (found === undefined) {
      throw new Error(`${key} gives no ${output}`);
    }
    return found.data as Float32Array;
  };
}

/** One class, as weights; null for a model that takes none. */
export function conditionOf(model: Model, label: number | null): Condition {
  if (model.classCount === 0) {
    return null;
  }
  const weights = new Float32Array(model.classCount);
  weights[label ?? 0] = 1;
  return weights;
}
