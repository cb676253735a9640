/**
 * The explorer's data: scripts that call `vaelabProvide`, because a page from disk may load no
 * other files.
 */

import { INDEX_VERSION, type Index } from "./contracts";

declare global {
  interface Window {
    vaelabProvide?: (key: string, value: unknown) => void;
  }
}

const waiting = new Map<string, (value: unknown) => void>();
const requested = new Map<string, Promise<unknown>>();

/** Must be called once, before anything is loaded. */
export function listen(): void {
  window.vaelabProvide = (key, value) => {
    waiting.get(key)?.(value);
    waiting.delete(key);
  };
}

/** The value of explorer/<key>.js, loaded once. */
function provided(key: string): Promise<unknown> {
  const before = requested.get(key);
  if (before !== undefined) {
    return before;
  }
  const value = new Promise<unknown>((resolve, reject) => {
    waiting.set(key, resolve);
    runScript(`explorer/${key}.js`).then(
      () => reject(new Error(`explorer/${key}.js is corrupt`)),
      reject,
    );
  });
  requested.set(key, value);
  // A failed download can be tried again.
  value.catch(() => requested.delete(key));
  return value;
}

/** Resolves when a script of the site has run. */
export function runScript(path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = path;
    script.addEventListener("load", () => {
      script.remove();
      resolve();
    });
    script.addEventListener("error", () => {
      script.remove();
      reject(new Error(`${path} cannot be loaded`));
    });
    document.head.append(script);
  });
}

export async function loadIndex(): Promise<Index> {
  return checkedIndex(await provided("index"));
}

/** Throws where another version of vaelab wrote the data. */
export function checkedIndex(value: unknown): Index {
  const index = value as Partial<Index> | null;
  if (typeof index !== "object" || index === null || !Array.isArray(index.models)) {
    throw new Error("explorer/index.js is corrupt");
  }
  if (index.version !== INDEX_VERSION) {
    throw new Error(
      `this page reads data of version ${INDEX_VERSION}, found ${index.version}; ` +
        "rebuild the site with vaelab report",
    );
  }
  if (index.models.length === 0) {
    throw new Error("this study has no model to explore");
  }
  return index as Index;
}

export async function loadBytes(key: string): Promise<Uint8Array> {
  return bytesOf(await loadText(key));
}

export async function loadFloats(key: string): Promise<Float32Array> {
  return floatsOf(await loadBytes(key));
}

export async function loadText(key: string): Promise<string> {
  const value = await provided(key);
  if (typeof value !== "string") {
    throw new Error(`explorer/${key}.js is corrupt`);
  }
  return value;
}

export function bytesOf(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}

/** Little-endian, as in Python's files and on every machine with a browser. */
export function floatsOf(bytes: Uint8Array): Float32Array {
  if (bytes.length % 4 !== 0) {
    throw new Error(`${bytes.length} bytes are not a whole number of 32-bit floats`);
  }
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
}
