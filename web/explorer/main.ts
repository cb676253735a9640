import "./explorer.css";
import type { Pixels } from "./contracts";
import { make } from "./dom";
import { Explorer } from "./explorer";
import { listen, loadIndex, loadText } from "./payloads";
import { createSprite } from "./sprite";
import type { State } from "./state";

/** What the page shows, for tests and for the browser's console. */
interface Readings {
  /** Resolved when the explorer has started, rejected if it cannot. */
  readonly ready: Promise<void>;
  /** null before the start. */
  state(): State | null;
  /** The image that a model shows, by default the first model; null where there is none yet. */
  pixels(slug?: string): Pixels | null;
  /** The number of images shown so far. */
  frames(): number;
}

declare global {
  interface Window {
    vaelabExplorer?: Readings;
  }
}

async function start(host: HTMLElement): Promise<Explorer> {
  const message = make("p", { class: "ex-note", role: "status" }, "Loading the test images …");
  host.replaceChildren(message);
  try {
    listen();
    const index = await loadIndex();
    const sprite = await createSprite(index.images, await loadText("images"));
    return new Explorer(host, index, sprite, Math.random);
  } catch (error) {
    message.textContent = `The explorer cannot start: ${error instanceof Error ? error.message : error}.`;
    throw error;
  }
}

const host = document.getElementById("explorer");
if (host !== null) {
  let explorer: Explorer | null = null;
  const ready = start(host).then((started) => {
    explorer = started;
  });
  // The page shows the error; the promise is for those who wait for the start.
  ready.catch(() => undefined);
  window.vaelabExplorer = {
    ready,
    state: () => explorer?.state() ?? null,
    pixels: (slug) => explorer?.pixels(slug) ?? null,
    frames: () => explorer?.frames() ?? 0,
  };
}
