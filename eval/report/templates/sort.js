"use strict";
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0];
  const original = [...body.rows];
  const heads = [...table.tHead.querySelectorAll("th")].filter((head) => head.querySelector("button"));
  const order = [...heads.filter((head) => head.rowSpan === 2), ...heads.filter((head) => head.rowSpan === 1)];
  order.forEach((head, column) => head.querySelector("button").addEventListener("click", () => {
    const now = head.getAttribute("aria-sort");
    const next = now === "none" ? "descending" : now === "descending" ? "ascending" : "none";
    order.forEach((other) => other.setAttribute("aria-sort", "none"));
    head.setAttribute("aria-sort", next);
    body.append(...(next === "none" ? original : sorted(original, column, next === "ascending" ? 1 : -1)));
  }));
}

function sorted(rows, column, sign) {
  return [...rows].sort((a, b) => {
    const [x, y] = [a, b].map((row) => row.cells[column].dataset.value);
    if (x === undefined || y === undefined) return (x === undefined) - (y === undefined);
    const numbers = [Number(x), Number(y)];
    return sign * (numbers.some(Number.isNaN) ? x.localeCompare(y, undefined, { numeric: true }) : numbers[0] - numbers[1]);
  });
}
