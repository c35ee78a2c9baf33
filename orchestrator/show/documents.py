"""Reports as documents: JSON, CSV, Markdown."""

import csv
import io
import json
import re
from typing import Any

from orchestrator.show.answer import Answer, Table
from orchestrator.show.escapes import defused, shown

_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+!|~-])")


def json_text(answer: Answer) -> str:
    """Return the data as the collector gave it; in ASCII, so that no name moves a cursor."""
    return json.dumps(answer.data, indent=2, allow_nan=False) + "\n"


def csv_text(answer: Answer) -> str:
    """Return the records with a heading; what is not known is an empty field, never 0 (RFC 4180)."""
    sheet = io.StringIO()
    names = list(answer.records[0]) if answer.records else []
    writer = csv.writer(sheet)
    if names:
        writer.writerow(names)
    for record in answer.records:
        writer.writerow([_field(record[name]) for name in names])
    return sheet.getvalue()


def markdown_text(answer: Answer) -> str:
    """Return the report for a wiki or a pull request."""
    parts = [f"## {_escaped(answer.title)}", _escaped(answer.sentence)]
    for table in answer.tables:
        if table.title:
            parts.append(_escaped(table.title))
        parts.append(_markdown_table(table))
    parts += [_escaped(note) for note in answer.notes]
    return "\n\n".join(parts) + "\n"


def _field(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        value = " ".join(str(item) for item in value)
    return defused(shown(value)) if isinstance(value, str) else value


def _markdown_table(table: Table) -> str:
    lines = [
        _markdown_row([column.title for column in table.columns]),
        "|" + "|".join("---:" if column.is_number else "---" for column in table.columns) + "|",
    ]
    lines += [_markdown_row([cell.text for cell in row]) for row in table.rows]
    return "\n".join(lines)


def _markdown_row(texts: list[str]) -> str:
    return "| " + " | ".join(_escaped(text) for text in texts) + " |"


def _escaped(text: str) -> str:
    return _MARKDOWN.sub(r"\\\1", shown(text)).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
