import "./explorer.css";
import type { Pixels } from "./contracts";
import { make } from "./dom";
import { Explorer } from "./explorer";
import { listen, loadIndex, loadText } from "./payloads";
import { createSprite } from "./sprite";
import type { State } from "./state";

/** For tests and the curious: to be read, at any time. */
interface Readings {
  /** When the explorer has started; rejected where it cannot. */
  readonly ready: Promise<void>;
  /** What is shown; null before the start. */
  state(): State | null;
  /** The image that a model shows, by default the first; null where there is none yet. */
  pixels(slug?: string): Pixels | null;
  /** Images shown so far. */
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
  // Told on the page; the promise is for whoever waits for it.
  ready.catch(() => undefined);
  window.vaelabExplorer = {
    ready,
    state: () => explorer?.state() ?? null,
    pixels: (slug) => explorer?.pixels(slug) ?? null,
    frames: () => explorer?.frames() ?? 0,
  };
}
