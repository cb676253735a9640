import { expect, test } from "vitest";
import type { Model } from "./contracts";
import { sliderNote } from "./sliders";

function model(latentSize: number, sliders: number, klNats: number | null): Model {
  const dimensions = Array.from({ length: sliders }, (_, index) => ({
    index,
    name: `z${index + 1}`,
    klNats,
    center: 0,
    scale: 1,
  }));
  return { latentSize, dimensions } as unknown as Model;
}

test("a note says which dimensions have sliders, where not all have", () => {
  expect(sliderNote(model(10, 10, 1))).toBeNull();
  expect(sliderNote(model(64, 32, 1))).toBe("The 32 of 64 latent dimensions with the largest KL");
  expect(sliderNote(model(64, 32, null))).toContain("largest variance");
  expect(sliderNote(model(3136, 0, null))).toContain("3,136 numbers is too large for sliders");
});
