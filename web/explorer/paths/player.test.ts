import { expect, test } from "vitest";
import { pingPong } from "./player";

test("there and back again", () => {
  const distances = [0, 0.25, 1, 1.25, 2, 2.5, 3.75];
  expect(distances.map(pingPong)).toEqual([0, 0.25, 1, 0.75, 0, 0.5, 0.25]);
});
