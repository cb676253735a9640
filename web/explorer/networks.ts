import type { InferenceSession } from "onnxruntime-web/wasm";
import type { Runtime } from "../runtime/main";
import { inTurn } from "./coalesce";
import type { Condition, ImagesInfo, LoadedModel, Model } from "./contracts";
import { loadBytes, runScript } from "./payloads";

const runInTurn = inTurn();
let runtime: Promise<Runtime> | null = null;

/** Five megabytes, loaded once, when the first network is used. */
function startRuntime(): Promise<Runtime> {
  runtime ??= runScript("assets/runtime.js").then(() => {
    if (window.vaelabRuntime === undefined) {
      throw new Error("assets/runtime.js is corrupt");
    }
    return window.vaelabRuntime;
  });
  // A failed download can be tried again.
  runtime.catch(() => {
    runtime = null;
  });
  return runtime;
}

/** A model whose networks are loaded when they are first used. */
export function createLoadedModel(model: Model, images: ImagesInfo): LoadedModel {
  const imageShape = [images.channels, images.height, images.width];
  return {
    model,
    encode: network(model, "encoder", { input: "images", shape: imageShape, output: "code" }),
    decode: network(model, "decoder", {
      input: "code",
      shape: [model.latentSize],
      output: "images",
    }),
    sample: network(model, "prior", { input: "noise", shape: [model.noiseSize], output: "code" }),
  };
}

interface Signature {
  input: string;
  /** Of one input, without the batch. */
  shape: readonly number[];
  output: string;
}

function network(
  model: Model,
  part: string,
  { input, shape, output }: Signature,
): (values: Float32Array, condition: Condition) => Promise<Float32Array> {
  const key = `${model.slug}/${part}`;
  const size = shape.reduce((product, length) => product * length, 1);
  let session: Promise<InferenceSession> | null = null;
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
    const found = (await runInTurn(() => ready.run(feeds)))[output];
    if (found === undefined) {
      throw new Error(`${key} has no output ${output}`);
    }
    return found.data as Float32Array;
  };
}

/** One class, as weights; null for an unconditional model. */
export function conditionOf(model: Model, label: number | null): Condition {
  if (model.classCount === 0) {
    return null;
  }
  const weights = new Float32Array(model.classCount);
  weights[label ?? 0] = 1;
  return weights;
}
