/**
 * onnxruntime-web with its WebAssembly inside, on one thread: no file to fetch and no worker, so
 * that it runs from disk as well.
 */

import packed from "packed:ort-wasm-simd-threaded";
import { env, InferenceSession, Tensor } from "onnxruntime-web/wasm";
import { unpack } from "./unpack";

export interface Runtime {
  InferenceSession: typeof InferenceSession;
  Tensor: typeof Tensor;
}

declare global {
  interface Window {
    vaelabRuntime?: Promise<Runtime>;
  }
}

async function start(): Promise<Runtime> {
  env.wasm.wasmBinary = await unpack(packed);
  env.wasm.numThreads = 1;
  env.logLevel = "error";
  return { InferenceSession, Tensor };
}

window.vaelabRuntime = start();
