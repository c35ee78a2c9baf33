"""Two sweeps side by side."""

import math
from typing import Any

from orchestrator.findings.comparison import Change, Comparison
from orchestrator.findings.median import Median
from orchestrator.show.answer import Answer, Cell, Column, Table, Tone
from orchestrator.show.figures import NOTHING, change_text, loss_cell, ms_text

TOP_PATHS = 10
COLUMNS = (
    Column(title="A p50 ms", is_number=True),
    Column(title="B p50 ms", is_number=True),
    Column(title="change %", is_number=True),
    Column(title="95 % CI", is_number=True, extra=1),
    Column(title="A loss %", is_number=True),
    Column(title="B loss %", is_number=True),
    Column(title="A n", is_number=True, extra=2),
    Column(title="B n", is_number=True, extra=2),
)


def diff_answer(comparison: Comparison, *, before: str, after: str) -> Answer:
    """Return the answer to "what changed from sweep `before` to sweep `after`?"."""
    tables = tuple(
        _table(kind, comparison.of(kind)) for kind in ("region", "server", "path") if comparison.of(kind)
    )
    notes = [f"A is sweep {before}, B is sweep {after}; figures of paths that both have"]
    for label, paths in (("A", comparison.only_before), ("B", comparison.only_after)):
        if paths:
            more = f" and {len(paths) - 3} more" if len(paths) > 3 else ""
            notes.append(f"only in {label}: {', '.join(paths[:3])}{more}")
    records = tuple(_record(change) for change in comparison.changes)
    return Answer(
        title="Two sweeps compared",
        sentence=_sentence(comparison),
        tables=tables,
        notes=tuple(notes),
        records=records,
        data={
            "before": before,
            "after": after,
            "changes": list(records),
            "only_before": list(comparison.only_before),
            "only_after": list(comparison.only_after),
        },
    )


def _sentence(comparison: Comparison) -> str:
    regions = comparison.of("region")
    if not regions:
        return "the two sweeps have no path in common"
    worst = regions[0]
    if worst.after_p50 is not None and math.isinf(worst.after_p50.p50_us):
        return f"largest change: {worst.name}, p50 lost in B"
    if worst.ratio is None:
        return f"no region has enough probes in both sweeps to compare ({len(regions)} regions)"
    figure = f"{change_text(worst.ratio)} % (CI {_interval(worst)})"
    return f"largest growth: {worst.name}, p50 {figure}; {len(comparison.of('path'))} paths compared"


def _table(kind: str, changes: tuple[Change, ...]) -> Table:
    rows = tuple(
        (
            Cell(text=change.name),
            _p50(change.before_p50),
            _p50(change.after_p50),
            Cell(text=change_text(change.ratio), tone=_tone(change)),
            Cell(text=_interval(change)),
            loss_cell(change.before.loss_ratio),
            loss_cell(change.after.loss_ratio),
            Cell(text=str(change.before.n)),
            Cell(text=str(change.after.n)),
        )
        for change in changes
    )
    columns = (Column(title=kind.upper()), *COLUMNS)
    return Table(title="", columns=columns, rows=rows, top=TOP_PATHS if kind == "path" else None)


def _p50(median: Median | None) -> Cell:
    if median is None:
        return Cell(text="n/a", tone=Tone.FAINT)
    if math.isinf(median.p50_us):
        return Cell(text="lost", tone=Tone.BAD)
    return Cell(text=ms_text(median.p50_us))


def _tone(change: Change) -> Tone:
    return Tone.BAD if change.least_ratio is not None and change.least_ratio > 0 else Tone.PLAIN


def _interval(change: Change) -> str:
    least, most = change.least_ratio, change.most_ratio
    if least is None or math.isinf(least):
        return NOTHING
    return f"{change_text(least)}…{'∞' if most is None else change_text(most)}"


def _record(change: Change) -> dict[str, Any]:
    return {
        "kind": change.kind,
        "name": change.name,
        "before_p50_us": _number(change.before_p50),
        "before_p50_note": _note(change.before_p50),
        "after_p50_us": _number(change.after_p50),
        "after_p50_note": _note(change.after_p50),
        "change_ratio": change.ratio,
        "change_low": _finite(change.least_ratio),
        "change_high": _finite(change.most_ratio),
        "change_us": change.difference_us,
        "before_loss_ratio": change.before.loss_ratio,
        "after_loss_ratio": change.after.loss_ratio,
        "before_n": change.before.n,
        "after_n": change.after.n,
    }


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _number(median: Median | None) -> float | None:
    return None if median is None else _finite(median.p50_us)


def _note(median: Median | None) -> str | None:
    if median is None:
        return "n/a"
    return "lost" if math.isinf(median.p50_us) else None
