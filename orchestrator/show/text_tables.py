"""Tables for terminals and pipes, as wide as there is room."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from textwrap import wrap

from orchestrator.show.answer import Answer, Cell, Column, Table, Tone
from orchestrator.show.escapes import cut, shown, width_of

GAP = 2
LEAST_WIDTH = 40
LONGEST_LABEL = 28
LONGEST_HEADING = 14
COLORS = {Tone.BAD: "31", Tone.WARN: "33", Tone.FAINT: "2"}


def answer_text(answer: Answer, *, width: int, color: bool) -> str:
    """Return a report for a terminal of `width` columns; no line is longer, but for a single word."""
    width = max(width, LEAST_WIDTH)
    lines = _wrapped(answer.sentence, width=width)
    for table in answer.tables:
        lines.append("")
        lines += _table_lines(table, width=width, color=color)
    if answer.notes:
        lines.append("")
    for note in answer.notes:
        lines += _wrapped(note, width=width)
    return "\n".join(lines) + "\n"


def _wrapped(text: str, *, width: int) -> list[str]:
    return wrap(shown(text), width, subsequent_indent="  ", break_on_hyphens=False) or [""]


def _table_lines(table: Table, *, width: int, color: bool) -> list[str]:
    lines = _wrapped(table.title, width=width) if table.title else []
    hidden = 0 if table.top is None else len(table.rows) - table.top
    if hidden > 0:
        table = replace(table, rows=table.rows[: table.top])
    table = _safe(table)
    for number, block in enumerate(_blocks(table, width=width) if table.splits else [table]):
        if number:
            lines.append("")
        lines += _block_lines(_fitted(block, width=width), width=width, color=color)
    if hidden > 0:
        lines.append(f"  and {hidden} more: --format json, csv, markdown and html have them all")
    return lines


def _safe(table: Table) -> Table:
    rows = tuple(tuple(replace(cell, text=shown(cell.text)) for cell in row) for row in table.rows)
    columns = tuple(replace(column, title=shown(column.title)) for column in table.columns)
    if not table.splits:
        return replace(table, columns=columns, rows=rows)
    headings = [cut(_short(column.title), LONGEST_HEADING) for column in columns[1:]]
    # Two names that look alike once they are cut must still be told apart.
    for text, group in groupby(sorted(range(len(headings)), key=headings.__getitem__), headings.__getitem__):
        alike = list(group)
        for count, index in enumerate(alike, start=1):
            if len(alike) > 1:
                headings[index] = f"{cut(text, LONGEST_HEADING - 3)}~{count}"
    named = (
        columns[0],
        *(replace(column, title=text) for column, text in zip(columns[1:], headings, strict=True)),
    )
    return replace(table, columns=named, rows=rows)


def _short(name: str) -> str:
    """Return a long host name without its domain, which the others of its block mostly share."""
    label = name.partition(".")[0]
    return label if width_of(name) > LONGEST_HEADING and label and not label.isdecimal() else name


def _blocks(table: Table, *, width: int) -> Iterator[Table]:
    widths = _widths(table)
    label = min(widths[0], LONGEST_LABEL)
    chosen: list[int] = []
    used = label
    for index in range(1, len(widths)):
        if chosen and used + GAP + widths[index] > width:
            yield _only(table, [0, *chosen])
            chosen, used = [], label
        chosen.append(index)
        used += GAP + widths[index]
    yield _only(table, [0, *chosen])


def _only(table: Table, indexes: Sequence[int]) -> Table:
    return replace(
        table,
        columns=tuple(table.columns[index] for index in indexes),
        rows=tuple(tuple(row[index] for index in indexes) for row in table.rows),
    )


def _fitted(table: Table, *, width: int) -> Table:
    """Leave out what is extra, as much as there is no room for."""
    while _total(_widths(table, longest=LONGEST_LABEL)) > width:
        most = max(column.extra for column in table.columns)
        if most == 0:
            break
        kept = [index for index, column in enumerate(table.columns) if column.extra < most]
        table = _only(table, kept)
    return table


def _widths(table: Table, *, longest: int | None = None) -> list[int]:
    widths = []
    for index, column in enumerate(table.columns):
        widest = max((width_of(row[index].text) for row in table.rows), default=0)
        wanted = max(widest, width_of(column.title))
        widths.append(wanted if longest is None or column.is_number else min(wanted, longest))
    return widths


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + GAP * (len(widths) - 1)


def _block_lines(table: Table, *, width: int, color: bool) -> list[str]:
    widths = _widths(table)
    texts = [index for index, column in enumerate(table.columns) if not column.is_number]
    while _total(widths) > width and texts:
        # The widest text gives way first; figures are never cut.
        widest = max(texts, key=lambda index: widths[index])
        if widths[widest] <= 6:
            break
        widths[widest] -= 1
    heading = tuple(Cell(text=column.title) for column in table.columns)
    lines = [_line(heading, table.columns, widths, color=False)]
    return lines + [_line(row, table.columns, widths, color=color) for row in table.rows]


def _line(cells: Sequence[Cell], columns: Sequence[Column], widths: Sequence[int], *, color: bool) -> str:
    parts = []
    for cell, column, width in zip(cells, columns, widths, strict=True):
        text = cut(cell.text, width)
        space = " " * (width - width_of(text))
        if color and cell.tone in COLORS:
            text = f"\x1b[{COLORS[cell.tone]}m{text}\x1b[0m"
        parts.append(space + text if column.is_number else text + space)
    return (" " * GAP).join(parts).rstrip()
