// What makes pages handier, and is not needed by any of them.
"use strict";

// A filter that is chosen is asked for at once; without scripts there is a button.
for (const form of document.querySelectorAll("form[data-auto]")) {
  form.addEventListener("change", () => form.requestSubmit());
  form.classList.add("is-auto");
}

// Empty filters stay out of the address.
for (const form of document.querySelectorAll("form.filters")) {
  form.addEventListener("submit", () => {
    for (const field of form.elements) {
      if (field.name && !field.value) field.disabled = true;
    }
  });
}
addEventListener("pageshow", () => {
  for (const field of document.querySelectorAll("form.filters [disabled]")) field.disabled = false;
});

// Arrow keys go from cell to cell of a matrix.
const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
document.addEventListener("keydown", (event) => {
  const cell = event.target.closest?.("table.matrix td");
  if (!cell || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const step = STEPS[event.key];
  if (!step) return;
  const table = cell.closest("table");
  const rows = [...table.querySelectorAll("tbody tr")].filter((row) => row.querySelector("td a"));
  let row = rows.indexOf(cell.parentElement);
  let column = cell.cellIndex;
  for (;;) {
    row += step[0];
    column += step[1];
    const next = rows[row]?.cells[column];
    if (!next) return;
    const link = next.querySelector("a");
    if (link) {
      event.preventDefault();
      link.focus();
      return;
    }
  }
});
