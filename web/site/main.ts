// What the pages do beside being read: another theme, tables in another order, values of charts.

import { startCharts } from "./charts";
import { startTables } from "./tables";
import { applyStoredTheme, startThemeButton } from "./theme";

// Before the first paint, so that no page flashes in the other theme.
applyStoredTheme();

document.addEventListener("DOMContentLoaded", () => {
  startThemeButton();
  startTables();
  startCharts();
});
