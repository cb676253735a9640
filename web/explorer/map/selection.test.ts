import { expect, test } from "vitest";
import { titleOf } from "./selection";

test("the title counts the selected images, and says when not all are shown", () => {
  expect(titleOf(0, 0)).toBe("0 images selected");
  expect(titleOf(1, 1)).toBe("1 image selected");
  expect(titleOf(1436, 60)).toBe("1,436 images selected, 60 of them shown");
});
