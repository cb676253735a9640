// The theme of the system, unless the visitor has chosen one.

export type Theme = "light" | "dark";

const KEY = "vaelab-theme";

export function applyStoredTheme(): void {
  const stored = read();
  if (stored !== null) {
    document.documentElement.dataset["theme"] = stored;
  }
}

export function startThemeButton(): void {
  const button = document.querySelector<HTMLButtonElement>("[data-theme-button]");
  if (button === null) {
    return;
  }
  button.hidden = false;
  button.addEventListener("click", () => {
    choose(currentTheme() === "dark" ? "light" : "dark");
    label(button);
  });
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => label(button));
  label(button);
}

export function currentTheme(): Theme {
  const chosen = document.documentElement.dataset["theme"];
  if (chosen === "light" || chosen === "dark") {
    return chosen;
  }
  return window.matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

function choose(theme: Theme): void {
  document.documentElement.dataset["theme"] = theme;
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // Without storage, the choice holds for this page only.
  }
  window.dispatchEvent(new Event("vaelab-theme"));
}

function read(): Theme | null {
  try {
    const stored = localStorage.getItem(KEY);
    return stored === "light" || stored === "dark" ? stored : null;
  } catch {
    return null;
  }
}

function label(button: HTMLButtonElement): void {
  const other = currentTheme() === "dark" ? "light" : "dark";
  const text = `Switch to the ${other} theme`;
  button.title = text;
  const words = button.querySelector("span");
  if (words !== null) {
    words.textContent = text;
  }
}
