import { expect, test } from "vitest";
import { bytesOf, checkedIndex, floatsOf } from "./payloads";

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");

test("floats survive base64", () => {
  const floats = Float32Array.from([0, -1.5, 3.4e38, 1e-40, Number.NaN]);
  const found = floatsOf(bytesOf(base64(new Uint8Array(floats.buffer))));
  expect([...found]).toEqual([...floats]);
});

test("half a float is refused", () => {
  expect(() => floatsOf(new Uint8Array(6))).toThrow("not a whole number of 32-bit floats");
});

const model = { slug: "a" };

test.each([
  [null, "is corrupt"],
  ["text", "is corrupt"],
  [{ version: 2 }, "is corrupt"],
  [{ version: 1, models: [model] }, "reads data of version 2, found 1"],
  [{ version: 2, models: [] }, "no model to explore"],
])("an index that cannot be used is refused: %j", (value, message) => {
  expect(() => checkedIndex(value)).toThrow(message);
});

test("a good index is accepted", () => {
  expect(checkedIndex({ version: 2, models: [model] }).models).toHaveLength(1);
});
