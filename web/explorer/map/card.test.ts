// @vitest-environment happy-dom
import { expect, test } from "vitest";
import type { Pixels, Sprite } from "../contracts";
import { createCard } from "./card";

const PIXELS: Pixels = Float32Array.from([0, 0.5, 0.5, 1]);
const SPRITE: Sprite = {
  info: {
    dataName: "none",
    count: 3,
    channels: 1,
    height: 2,
    width: 2,
    columns: 3,
    labels: "",
    classNames: ["zero", "one"],
  },
  labels: Uint8Array.from([1, 0, 1]),
  picture: document.createElement("canvas"),
  place: (index) => ({ x: 2 * index, y: 0 }),
  pixels: () => PIXELS,
};
const AREA = { width: 100, height: 100 };
const AT = { x: 10, y: 10 };

function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

test("a late reconstruction is not shown for another image", async () => {
  const answers: ((pixels: Pixels | null) => void)[] = [];
  const card = createCard(SPRITE, () => new Promise((answer) => answers.push(answer)));
  const made = card.element.querySelectorAll("canvas")[1];
  card.show(0, AT, AREA);
  card.show(1, AT, AREA);
  expect(card.element.textContent).toContain("zero, image 1");
  answers[0]?.(PIXELS);
  await settled();
  expect(made?.style.visibility).toBe("hidden");
  answers[1]?.(PIXELS);
  await settled();
  expect(made?.style.visibility).toBe("visible");
  card.show(2, AT, AREA);
  expect(made?.style.visibility).toBe("hidden");
});

test("without a reconstruction, or after a failure, the card shows only the image", async () => {
  const failing = async (): Promise<null> => {
    throw new Error("no network");
  };
  for (const reconstruct of [async () => null, failing]) {
    const card = createCard(SPRITE, reconstruct);
    card.show(0, AT, AREA);
    await settled();
    expect(card.element.hidden).toBe(false);
    expect(card.element.querySelectorAll("canvas")[1]?.style.visibility).toBe("hidden");
    card.hide();
    expect(card.element.hidden).toBe(true);
  }
});
