// @vitest-environment happy-dom
import { expect, test, vi } from "vitest";
import { createTools, helpOf, type Tools } from "./tools";

function recorded(): Tools {
  return { setMode: vi.fn(), showThumbnails: vi.fn(), zoom: vi.fn(), reset: vi.fn() };
}

function buttonOf(element: HTMLElement, name: string): HTMLButtonElement {
  const found = [...element.querySelectorAll("button")].find((each) => each.textContent === name);
  if (found === undefined) {
    throw new Error(`there is no button ${name}`);
  }
  return found;
}

test("one mode at a time is active, and pressing it again ends it", () => {
  const tools = recorded();
  const element = createTools(true, tools);
  const [walk, lasso] = [buttonOf(element, "Walk"), buttonOf(element, "Lasso")];
  walk.click();
  lasso.click();
  expect(
    [walk, lasso].map((each) => each.ariaPressed ?? each.getAttribute("aria-pressed")),
  ).toEqual(["false", "true"]);
  lasso.click();
  expect(vi.mocked(tools.setMode).mock.calls).toEqual([["walk"], ["lasso"], ["pan"]]);
});

test("thumbnails are switched on and off", () => {
  const tools = recorded();
  const thumbnails = buttonOf(createTools(true, tools), "Thumbnails");
  thumbnails.click();
  expect(thumbnails.getAttribute("aria-pressed")).toBe("true");
  thumbnails.click();
  expect(vi.mocked(tools.showThumbnails).mock.calls).toEqual([[true], [false]]);
});

test("without a plane there is neither a walk mode nor help for it", () => {
  expect(createTools(false, recorded()).textContent).not.toContain("Walk");
  for (const mode of ["pan", "lasso"] as const) {
    expect(helpOf(mode, false)).not.toContain("walk");
  }
});
