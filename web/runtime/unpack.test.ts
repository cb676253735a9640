import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { unpack } from "./unpack";

test("what was packed comes back", async () => {
  const content = Uint8Array.from({ length: 100_000 }, (_, index) => (index * index) % 251);
  const found = await unpack(gzipSync(content).toString("base64"));
  expect(new Uint8Array(found)).toEqual(content);
});
