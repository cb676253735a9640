// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { applyStoredTheme, currentTheme, startThemeButton } from "./theme";

function button(): HTMLButtonElement {
  const found = document.querySelector("button");
  if (found === null) {
    throw new Error("no button");
  }
  return found;
}

beforeEach(() => {
  localStorage.clear();
  delete document.documentElement.dataset["theme"];
  document.body.innerHTML = "<button data-theme-button hidden><span></span></button>";
});

afterEach(() => {
  vi.restoreAllMocks();
});

describe("the theme", () => {
  it("is the system's until one is chosen, and is then remembered", () => {
    expect(currentTheme()).toBe("light");
    startThemeButton();
    expect(button().hidden).toBe(false);
    const listener = vi.fn();
    window.addEventListener("vaelab-theme", listener);
    button().click();
    expect(currentTheme()).toBe("dark");
    expect(listener).toHaveBeenCalledOnce();
    expect(button().textContent).toBe("Switch to the light theme");
    delete document.documentElement.dataset["theme"];
    applyStoredTheme();
    expect(currentTheme()).toBe("dark");
  });

  it("holds for the page if storage is not available", () => {
    vi.spyOn(Storage.prototype, "setItem").mockImplementation(() => {
      throw new Error("denied");
    });
    vi.spyOn(Storage.prototype, "getItem").mockImplementation(() => {
      throw new Error("denied");
    });
    applyStoredTheme();
    startThemeButton();
    button().click();
    expect(currentTheme()).toBe("dark");
  });

  it("ignores other stored values", () => {
    localStorage.setItem("vaelab-theme", '"><script>');
    applyStoredTheme();
    expect(document.documentElement.dataset["theme"]).toBeUndefined();
  });
});
