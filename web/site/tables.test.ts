// @vitest-environment happy-dom
import { beforeEach, describe, expect, it } from "vitest";
import { startTables } from "./tables";

const ROWS: [string, string | null][] = [
  ["run 10", "244.5"],
  ["run 2", null],
  ["run 1", "234.7"],
  ["<b>", "NaN"],
  ["run 3", "-1"],
];

function column(index: number): string[] {
  return [...document.querySelectorAll<HTMLTableRowElement>("tbody tr")].map(
    (row) => row.cells[index]?.textContent ?? "",
  );
}

function press(index: number): void {
  document.querySelectorAll<HTMLButtonElement>("thead button")[index]?.click();
}

function sorted(): (string | null)[] {
  return [...document.querySelectorAll("thead th")].map((head) => head.getAttribute("aria-sort"));
}

beforeEach(() => {
  document.body.innerHTML = `<table data-sortable>
    <thead><tr><th data-kind="text"><button>Run</button></th>
      <th data-kind="number"><button>Negative ELBO</button></th>
      <th data-kind="number" data-first="descending"><button>SSIM</button></th></tr></thead>
    <tbody></tbody><tfoot><tr><th>floor</th><td>189</td><td>1</td></tr></tfoot></table>`;
  const body = document.querySelector("tbody");
  for (const [name, value] of ROWS) {
    const row = document.createElement("tr");
    for (const [text, sort] of [
      [name, name],
      [value ?? "", value],
      [value ?? "", value],
    ] as [string, string | null][]) {
      const cell = document.createElement("td");
      cell.textContent = text;
      if (sort !== null) {
        cell.dataset["value"] = sort;
      }
      row.append(cell);
    }
    body?.append(row);
  }
  startTables();
});

describe("a table", () => {
  it("is sorted by number in both directions, with missing values last", () => {
    press(1);
    expect(column(0).slice(0, 3)).toEqual(["run 3", "run 1", "run 10"]);
    expect(sorted()).toEqual([null, "ascending", null]);
    press(1);
    expect(column(0).slice(0, 3)).toEqual(["run 10", "run 1", "run 3"]);
    expect(column(0).slice(3).sort()).toEqual(["<b>", "run 2"]);
    expect(sorted()).toEqual([null, "descending", null]);
  });

  it("starts with the highest value where higher is better", () => {
    press(2);
    expect(sorted()).toEqual([null, null, "descending"]);
    expect(column(0)[0]).toBe("run 10");
  });

  it("sorts numbers inside names by value", () => {
    press(0);
    expect(column(0)).toEqual(["<b>", "run 1", "run 2", "run 3", "run 10"]);
  });

  it("keeps its foot in place", () => {
    press(1);
    expect(document.querySelector("tfoot")?.textContent).toContain("floor");
    expect(document.querySelectorAll("tbody tr").length).toBe(ROWS.length);
  });
});
