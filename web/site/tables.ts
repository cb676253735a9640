// Makes tables sortable by any column. The foot, with floor and baseline, stays in place.

type Direction = "ascending" | "descending";

export function startTables(): void {
  for (const table of document.querySelectorAll<HTMLTableElement>("[data-sortable]")) {
    startTable(table);
  }
}

export function startTable(table: HTMLTableElement): void {
  const heads = [...table.querySelectorAll<HTMLTableCellElement>("thead th")];
  heads.forEach((head, column) => {
    head.querySelector("button")?.addEventListener("click", () => {
      const direction = next(head);
      for (const other of heads) {
        other.removeAttribute("aria-sort");
      }
      head.setAttribute("aria-sort", direction);
      sort(table, column, direction, head.dataset["kind"] === "text");
    });
  });
}

/** The best value first; the opposite direction at the next click. */
function next(head: HTMLElement): Direction {
  const first = head.dataset["first"] === "descending" ? "descending" : "ascending";
  const now = head.getAttribute("aria-sort");
  if (now === null) {
    return first;
  }
  return now === "ascending" ? "descending" : "ascending";
}

function sort(
  table: HTMLTableElement,
  column: number,
  direction: Direction,
  isText: boolean,
): void {
  const body = table.tBodies[0];
  if (body === undefined) {
    return;
  }
  const rows = [...body.querySelectorAll("tr")].map((row) => ({
    row,
    value: row.cells[column]?.dataset["value"],
  }));
  const compare = isText ? byText : byNumber;
  const sign = direction === "ascending" ? 1 : -1;
  const hasValue = (value: string | undefined): value is string =>
    value !== undefined && value !== "" && (isText || Number.isFinite(Number(value)));
  rows.sort((a, b) => {
    if (!hasValue(a.value) || !hasValue(b.value)) {
      // Missing values are last in both directions.
      return Number(!hasValue(a.value)) - Number(!hasValue(b.value));
    }
    return sign * compare(a.value, b.value);
  });
  body.append(...rows.map(({ row }) => row));
}

const collator = new Intl.Collator("en", { numeric: true });

function byText(a: string, b: string): number {
  return collator.compare(a, b);
}

function byNumber(a: string, b: string): number {
  return Number(a) - Number(b);
}
