"""The matrix as a table to take along: a row for each path."""

from typing import Any

from collector.web.export_table import Column, Kind, Row, Table, columns
from collector.web.reads_answers import FIGURE_KEYS

_KINDS = {
    **dict.fromkeys(("loss_ratio", "loss_low", "loss_high"), Kind.RATIO),
    **dict.fromkeys(("p50_note", "p95_note"), Kind.TEXT),
}

MATRIX_TABLE = Table(
    name="matrix",
    about="each tester against each server address over one time",
    columns=(
        *columns(Kind.TEXT, "fleet"),
        *columns(Kind.ID, "sweep_id"),
        *columns(Kind.TEXT, "since", "until"),
        *columns(Kind.ID, "tester_id"),
        *columns(Kind.TEXT, "tester", "region"),
        *columns(Kind.ID, "server_id"),
        *columns(Kind.TEXT, "server", "group", "host", "address"),
        *columns(Kind.WHOLE, "family"),
        *columns(Kind.TEXT, "state"),
        Column(name="runs", kind=Kind.WHOLE, meaning="results that the figures rest on"),
        *(Column(name=name, kind=_KINDS.get(name, Kind.WHOLE)) for name in FIGURE_KEYS),
        *columns(Kind.WHOLE, "usual_us"),
        *columns(Kind.RATIO, "change_ratio"),
    ),
)


def matrix_rows(body: dict[str, Any]) -> list[Row]:
    """Return a row for each cell that has a result, row by row, from the answer in JSON."""
    found: list[Row] = []
    for tester, row in zip(body["testers"], body["cells"], strict=True):
        for server, cell in zip(body["servers"], row, strict=True):
            if cell is None:
                continue
            known = {name: body[name] for name in ("fleet", "sweep_id", "since", "until")}
            known |= {"tester": tester["name"], "tester_id": tester["tester_id"], "region": tester["region"]}
            known |= server | {"server": server["name"]} | cell
            # What is usual is only there where it was asked for.
            found.append(tuple(known.get(column.name) for column in MATRIX_TABLE.columns))
    return found
