"""The cells of a matrix: figures pooled from single results or from sums."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from collector.errors import Refused
from collector.history.figures import CellState, Figures, Integers, Rows, pool, state_of
from collector.history.queries_window import Window
from collector.history.raw import PathSums
from collector.web.matrix_axes import Axis
from collector.web.reads_answers import cell_dicts

MAX_CELLS = 500_000

Cells = list[list[dict[str, Any] | None]]


def window_cells(window: Window, *, rows: Axis, columns: Axis, resolved: Sequence[bool]) -> Cells:
    """Return the cells by row and column; None where a row has no result for a column."""
    size = _size(rows, columns)
    if not size:
        return []
    group, shown = _groups(window.tester, window.server, rows=rows, columns=columns)
    # A cell rests on its trusted runs; where it has none, it shows the others and says so.
    good = np.bincount(group[shown & window.trusted], minlength=size) > 0
    used = shown & (window.trusted | ~good[group])
    figures = pool(
        Rows(
            probes=[probes for probes, wanted in zip(window.rows.probes, used, strict=True) if wanted],
            late_known=window.rows.late_known[used],
        ),
        group=group[used],
        groups=size,
    )
    runs = np.bincount(group[used], minlength=size)
    return _cells(figures, runs=runs, known=runs > 0, good=good, columns=columns, resolved=resolved)


def summed_cells(paths: PathSums, *, rows: Axis, columns: Axis, resolved: Sequence[bool]) -> Cells:
    """Return the cells of a long window, from rollups."""
    size = _size(rows, columns)
    if not size:
        return []
    group, shown = _groups(paths.tester, paths.server, rows=rows, columns=columns)
    # What is not shown goes into one group more, which is left out.
    sums = paths.sums.regrouped(np.where(shown, group, size), groups=size + 1)
    known = np.bincount(group[shown], minlength=size) > 0
    return _cells(
        sums.figures(), runs=sums.runs, known=known, good=sums.runs > 0, columns=columns, resolved=resolved
    )


def _cells(
    figures: Figures, *, runs: Integers, known: Any, good: Any, columns: Axis, resolved: Sequence[bool]
) -> Cells:
    width = len(columns)
    cells: list[dict[str, Any] | None] = [None] * len(known)
    places = np.flatnonzero(known)
    late = np.where(figures.late_known[places], figures.late[places], 0)
    counts = zip(
        places.tolist(),
        good[places].tolist(),
        figures.n[places].tolist(),
        figures.answered[places].tolist(),
        late.tolist(),
        strict=True,
    )
    states = [
        state_of(resolved=resolved[place % width], n=n, answered=answered, late=late_ones)
        if is_good
        else CellState.TESTER_BAD
        for place, is_good, n, answered, late_ones in counts
    ]
    found = cell_dicts(figures, places, states=states, runs=runs[places].tolist())
    for place, cell in zip(places.tolist(), found, strict=True):
        cells[place] = cell
    return [cells[start : start + width] for start in range(0, len(cells), width)]


def _groups(tester: Integers, server: Integers, *, rows: Axis, columns: Axis) -> tuple[Integers, Any]:
    """Return the cell of each result, and which results are shown at all."""
    row, column = rows.places(tester), columns.places(server)
    shown = (row >= 0) & (column >= 0)
    return np.where(shown, row * len(columns) + column, 0), shown


def _size(rows: Axis, columns: Axis) -> int:
    size = len(rows) * len(columns)
    if size > MAX_CELLS:
        raise Refused(
            422,
            "window_too_large",
            f"the matrix has {size} cells, {MAX_CELLS} are allowed",
            hint="narrow the window with sweep_id=, or with since= and until=",
        )
    return size
