import "./explorer.css";
import { make } from "./dom";
import { Explorer, type Readings } from "./explorer";
import { listen, loadIndex, loadText } from "./payloads";
import { createSprite } from "./sprite";

declare global {
  interface Window {
    vaelabExplorer?: Promise<Readings>;
  }
}

async function start(host: HTMLElement): Promise<Readings> {
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
  window.vaelabExplorer = start(host);
  // Told on the page; the promise is for whoever waits for it.
  window.vaelabExplorer.catch(() => undefined);
}
