"""The matrix as rows of HTML: a number in every cell, and its class says how much that is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from markupsafe import Markup, escape

from collector.dashboard import formats
from collector.dashboard.scale import BANDS, amount_class, band_of, change_class
from collector.verdicts.thresholds import Thresholds

Cell = dict[str, Any] | None

TITLES_UP_TO = 5_000
"""Cells that say more when they are pointed at; of more, the page would be too heavy."""

LETTERS = {"lost": "×", "late_only": "late", "dns_failed": "dns", "not_run": formats.NONE}


class Show(StrEnum):
    """What the numbers are."""

    P50 = "p50"
    USUAL = "usual"
    P95 = "p95"
    LOSS = "loss"


class Sort(StrEnum):
    """How rows are ordered, besides by a column."""

    PLACE = "place"
    NAME = "name"
    CHANGE = "change"


@dataclass(frozen=True, kw_only=True, slots=True)
class View:
    """How cells are written: `top_us` is the end of the scale, `addresses` the query of each column."""

    show: Show
    top_us: int
    thresholds: Thresholds
    addresses: Sequence[str | None]
    has_titles: bool

    def row(self, cells: Sequence[Cell], *, tester: str | None, starts: set[int]) -> Markup:
        """Return the cells of a row; `tester` is its part of a link, None for one that leads nowhere."""
        begin = None if tester is None else escape(tester)
        # Put together from what is escaped here or our own: there are tens of thousands of cells.
        return Markup(  # noqa: S704
            "".join(
                self._cell(
                    cell,
                    address=None if begin is None or column is None else f"{begin}{escape(column)}",
                    starts=place in starts,
                )
                for place, (cell, column) in enumerate(zip(cells, self.addresses, strict=True))
            )
        )

    def _cell(self, cell: Cell, *, address: str | None, starts: bool) -> str:
        """Return HTML; `address` is escaped."""
        text, classes = self._text(cell)
        if starts:
            classes = f"{classes} first"
        if cell is None or address is None:
            return f'<td class="{classes}">{escape(text)}</td>'
        title = f' title="{escape(self._title(cell))}"' if self.has_titles else ""
        return f'<td class="{classes}"><a href="{address}"{title}>{escape(text)}</a></td>'

    def _text(self, cell: Cell) -> tuple[str, str]:
        if cell is None:
            return formats.NONE, "none"
        marks = "".join(
            f" {name}"
            for name, has in (
                ("slow", bool(cell.get("slower"))),
                ("lossy", is_losing(cell, self.thresholds)),
                ("bad", cell["state"] == "tester_bad"),
            )
            if has
        )
        if cell["state"] in LETTERS:
            return LETTERS[cell["state"]], "none" + marks
        if self.show is Show.LOSS:
            ratio = cell["loss_ratio"]
            return ("0" if not ratio else formats.percent(ratio)), _loss_class(ratio) + marks
        if self.show is Show.USUAL:
            change = cell.get("change_ratio")
            if change is None:
                return formats.NONE, "none" + marks
            return formats.change_percent(change), change_class(change) + marks
        name = self.show.value
        us = cell[f"{name}_us"]
        if us is None:
            return ("×" if cell[f"{name}_note"] == "lost" else "n/a"), "none" + marks
        return formats.ms(us), amount_class(us, top_us=self.top_us) + marks

    def _title(self, cell: dict[str, Any]) -> str:
        parts = [
            f"p50 {formats.exact_ms(cell['p50_us'])} ms",
            f"{cell['n'] - cell['answered']} of {cell['n']} lost",
        ]
        if cell.get("usual_us") is not None:
            parts.append(f"usually {formats.exact_ms(cell['usual_us'])} ms")
        if cell["state"] == "tester_bad":
            parts.append("its tester was not fit to measure")
        return ", ".join(parts)


def is_losing(cell: Mapping[str, Any], thresholds: Thresholds) -> bool:
    """Return whether a cell surely lost more than the threshold, by the lower bound of its loss."""
    is_counted = cell["loss_low"] is not None and cell["state"] != "tester_bad"
    return is_counted and cell["loss_low"] > thresholds.loss_ratio


def _loss_class(ratio: float | None) -> str:
    if not ratio:
        return "b0"
    return f"l{1 + sum(ratio >= limit for limit in (0.01, 0.05, 0.20))}"


def in_bands(rows: Sequence[dict[str, Any]]) -> list[tuple[str | None, list[dict[str, Any]]]]:
    """Return rows by the part of the world, each by its heading; without one where there is but one."""
    found: dict[str, list[dict[str, Any]]] = {band: [] for band in BANDS}
    for row in rows:
        found[band_of(row["head"]["place"])].append(row)
    some = [(band, members) for band, members in found.items() if members]
    return [(None, some[0][1])] if len(some) == 1 else list(some)


def heading_groups(heads: Sequence[Mapping[str, Any]]) -> list[tuple[str, int]]:
    """Return the groups of neighbouring columns, each with its width."""
    found: list[tuple[str, int]] = []
    for head in heads:
        name = head["group"] or ""
        if found and found[-1][0] == name:
            found[-1] = (name, found[-1][1] + 1)
        else:
            found.append((name, 1))
    return found
