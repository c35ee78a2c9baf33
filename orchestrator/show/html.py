"""Reports as one self-contained HTML file that can be mailed."""

from html import escape

from orchestrator.show.answer import Answer, Cell, Table
from orchestrator.show.escapes import shown

STYLE = """
:root { color-scheme: light dark; --ink: #1d232b; --paper: #fff; --line: #d8dde3; --soft: #5b6673;
  --bad: #a4161a; --warn: #8a5300 }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e8ec; --paper: #12161b; --line: #333b45;
  --soft: #9aa5b1; --bad: #ff8f8a; --warn: #f0b35f } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  margin: 2rem auto; max-width: 80rem; padding: 0 1rem }
h1 { font-size: 1.3rem; margin: 0 } .sentence { font-size: 1.1rem } .note { color: var(--soft) }
.table { overflow-x: auto } table { border-collapse: collapse; font-variant-numeric: tabular-nums }
caption { text-align: left; color: var(--soft); padding: .5rem 0 }
th, td { padding: .25rem .7rem; border-bottom: 1px solid var(--line); text-align: left; font-weight: 400 }
thead th { color: var(--soft); white-space: nowrap } .number { text-align: right; white-space: nowrap }
.bad { color: var(--bad); font-weight: 600 } .warn { color: var(--warn) } .faint { color: var(--soft) }
@media print { body { margin: 0 } }
"""

POLICY = "default-src 'none'; style-src 'unsafe-inline'"
"""Nothing is fetched and no script runs, whatever a name may hold; the style is the file's own."""


def html_text(answer: Answer) -> str:
    """Return the report as a page that asks nobody for anything."""
    title = _escaped(answer.title)
    body = [f"<h1>{title}</h1>", f'<p class="sentence"><bdi>{_escaped(answer.sentence)}</bdi></p>']
    body += [_table(table) for table in answer.tables]
    body += [f'<p class="note"><bdi>{_escaped(note)}</bdi></p>' for note in answer.notes]
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(body)
        + "\n</main>\n</body>\n</html>\n"
    )


def _table(table: Table) -> str:
    caption = f"<caption>{_escaped(table.title)}</caption>" if table.title else ""
    heads = "".join(
        f'<th scope="col"{_class(["number"] if column.is_number else [])}>'
        f"<bdi>{_escaped(column.title)}</bdi></th>"
        for column in table.columns
    )
    rows = "\n".join(f"<tr>{_row(table, row)}</tr>" for row in table.rows)
    return (
        f'<div class="table" tabindex="0"><table>{caption}<thead><tr>{heads}</tr></thead>\n'
        f"<tbody>\n{rows}\n</tbody></table></div>"
    )


def _row(table: Table, row: tuple[Cell, ...]) -> str:
    parts = []
    for index, (cell, column) in enumerate(zip(row, table.columns, strict=True)):
        names = ["number"] if column.is_number else []
        if cell.tone.value != "plain":
            names.append(cell.tone.value)
        tag, scope = ("th", ' scope="row"') if index == 0 else ("td", "")
        parts.append(f"<{tag}{scope}{_class(names)}><bdi>{_escaped(cell.text)}</bdi></{tag}>")
    return "".join(parts)


def _class(names: list[str]) -> str:
    return f' class="{" ".join(names)}"' if names else ""


def _escaped(text: str) -> str:
    return escape(shown(text))
