// Themes and sortable tables, on every page.

import { startTables } from "./tables";
import { applyStoredTheme, startThemeButton } from "./theme";

// Before the first paint, so that a page does not flash in the other theme. The class lets the
// style sheet reserve space for charts, which only scripts can draw.
applyStoredTheme();
document.documentElement.classList.add("scripted");

document.addEventListener("DOMContentLoaded", () => {
  startThemeButton();
  startTables();
});
