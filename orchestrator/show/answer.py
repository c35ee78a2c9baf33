"""What a report says, before it takes a form."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Tone(StrEnum):
    """How a cell stands out where colours are wanted."""

    PLAIN = "plain"
    WARN = "warn"
    BAD = "bad"
    FAINT = "faint"


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """A column: its title holds the unit.

    `is_number` aligns it to the right. Where there is no room, columns of the highest `extra` are
    left out first; those of 0 always stay.
    """

    title: str
    is_number: bool = False
    extra: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """One text of a table, not yet made safe to print."""

    text: str
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """Rows under columns.

    Where `splits` is set the first column is repeated and the rest goes into blocks as wide as
    there is room. `top` says how many rows a terminal shows, None for all.
    """

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    splits: bool = False
    top: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """A report: the sentence that states the finding, tables, and what must be known to read them.

    `records` holds the same as data, one flat object a row, for CSV; `data` is the whole of it.
    """

    title: str
    sentence: str
    tables: tuple[Table, ...]
    notes: tuple[str, ...] = ()
    records: tuple[dict[str, Any], ...] = ()
    data: dict[str, Any] = field(default_factory=dict)


def plain(*texts: object) -> tuple[Cell, ...]:
    """Return cells without a tone."""
    return tuple(Cell(text=str(text)) for text in texts)
