"""The matrix: testers against servers."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from orchestrator.show.answer import Answer, Cell, Column, Table, Tone
from orchestrator.show.figures import (
    ALL_LOST,
    NOTHING,
    change_text,
    loss_cell,
    ms_text,
    nothing_text,
    percent_text,
    ratio_text,
)

MARKS = {
    ALL_LOST: f"{ALL_LOST} every probe lost",
    "lost": "lost: more than half of the probes",
    "late": "late: answers only after the timeout",
    "dns": "dns: the name did not resolve",
    "bad": "bad: the tester's run is not trusted",
    "n/a": "n/a: too few probes; p50 needs 6, p95 needs 59",
    "new": "new: no baseline yet",
    NOTHING: f"{NOTHING} not measured",
}
FIGURES = (
    "state",
    "runs",
    "n",
    "answered",
    "late",
    "loss_ratio",
    "loss_low",
    "loss_high",
    "min_us",
    "p50_us",
    "p95_us",
    "p50_note",
    "p95_note",
)


TITLES = {
    "p50": "p50 RTT in ms",
    "p95": "p95 RTT in ms",
    "loss": "loss in %",
    "floor": "best RTT over the distance floor",
    "baseline": "p50 against its usual at that hour, in %",
}
OF_RANKING = {"floor": "floor_ratio", "baseline": "usual_ratio"}
"""What a cell shows that a ranking of the same window knows, by its name there."""


def with_ranking(matrix: dict[str, Any], slow: dict[str, Any], *, by: str) -> dict[str, Any]:
    """Return the matrix, its cells with a figure that `/slow` knows of their paths."""
    name = OF_RANKING[by]
    known = {(path["tester_id"], path["server_id"]): path[name] for path in slow["paths"]}
    cells = [
        [
            None if cell is None else cell | {name: known.get((tester["tester_id"], server["server_id"]))}
            for server, cell in zip(matrix["servers"], row, strict=True)
        ]
        for tester, row in zip(matrix["testers"], matrix["cells"], strict=True)
    ]
    return matrix | {"cells": cells}


def matrix_answer(matrix: dict[str, Any], *, by: str = "p50") -> Answer:
    """Return the answer to "how far is everything from everywhere?", by one of `TITLES`."""
    names = server_names(matrix["servers"])
    rows = []
    seen: set[str] = set()
    for tester, cells in zip(matrix["testers"], matrix["cells"], strict=True):
        row = [matrix_cell(cell, by=by) for cell in cells]
        seen |= {"!" if cell.text.endswith("!") else cell.text for cell in row}
        rows.append((Cell(text=_row_name(tester)), *row))
    columns = (Column(title="TESTER"), *(Column(title=name, is_number=True) for name in names))
    legend = [text for mark, text in MARKS.items() if mark in seen]
    if "!" in seen:
        legend.insert(0, "! some probes lost")
    notes = ["; ".join(legend)] if legend else []
    notes += [
        f"not trusted: {tester['name']}, {tester.get('reason') or 'no reason given'}"
        for tester in matrix["testers"]
        if not tester.get("trusted", True)
    ]
    table = Table(title=TITLES[by], columns=columns, rows=tuple(rows), splits=True)
    return Answer(
        title=f"Latency matrix of fleet {matrix.get('fleet') or ''}".strip(),
        sentence=_sentence(matrix, names),
        tables=(table,) if rows and names else (),
        notes=tuple(notes),
        records=tuple(_records(matrix)),
        data=matrix,
    )


def matrix_cell(cell: dict[str, Any] | None, *, by: str = "p50") -> Cell:
    """Return one cell of the matrix; what is lost or unknown is a word or a mark, never a number."""
    state = "not_run" if cell is None else cell["state"]
    if cell is None or state == "not_run":
        return Cell(text=NOTHING, tone=Tone.FAINT)
    if state == "dns_failed":
        return Cell(text="dns", tone=Tone.BAD)
    if state == "tester_bad":
        return Cell(text="bad", tone=Tone.WARN)
    if state == "late_only":
        return Cell(text="late", tone=Tone.BAD)
    if state == "lost":
        return Cell(text=ALL_LOST, tone=Tone.BAD)
    if by == "loss":
        return loss_cell(cell.get("loss_ratio"))
    if by == "floor":
        return Cell(text=ratio_text(cell.get("floor_ratio")))
    figure = "p95" if by == "p95" else "p50"
    if cell.get(f"{figure}_us") is None:
        lost = cell.get(f"{figure}_note") == "lost"
        return Cell(text="lost" if lost else "n/a", tone=Tone.BAD if lost else Tone.FAINT)
    mark = "!" if cell.get("loss_ratio") else ""
    tone = Tone.WARN if mark else Tone.PLAIN
    if by == "baseline":
        usual = cell.get("usual_ratio")
        return Cell(text="new" if usual is None else change_text(usual) + mark, tone=tone)
    return Cell(text=ms_text(cell[f"{figure}_us"]) + mark, tone=tone)


def server_names(servers: Sequence[dict[str, Any]]) -> list[str]:
    """Return a name for each address: the server's, with family or address where it has several."""
    count = Counter(server["name"] for server in servers)
    families = Counter((server["name"], server.get("family")) for server in servers)
    names = []
    for server in servers:
        name, family = server["name"], server.get("family")
        if count[name] == 1:
            names.append(name)
        elif family is not None and families[name, family] == 1:
            names.append(f"{name} v{family}")
        else:
            names.append(f"{name} {server.get('address') or 'no address'}")
    return names


def _row_name(tester: dict[str, Any]) -> str:
    region = tester.get("region")
    name = str(tester["name"])
    return name if region in (None, "", name) else f"{name} {region}"


def _sentence(matrix: dict[str, Any], names: Sequence[str]) -> str:
    cells = [cell for row in matrix["cells"] for cell in row if cell is not None]
    measured = [cell for cell in cells if cell.get("n")]
    if not measured:
        return nothing_text(matrix)
    probes = sum(cell["n"] for cell in measured)
    lost = probes - sum(cell["answered"] for cell in measured)
    testers, addresses = len(matrix["testers"]), len(names)
    size = (
        f"{testers} tester{'' if testers == 1 else 's'} × "
        f"{addresses} server address{'' if addresses == 1 else 'es'}, {probes} probes"
    )
    loss = "none lost" if not lost else f"{lost} lost or late ({percent_text(lost / probes)} %)"
    dark = sum(cell["state"] in ("lost", "late_only") for cell in measured)
    return f"{size}, {loss}" + (
        f"; {dark} path{'' if dark == 1 else 's'} without any answer in time" if dark else ""
    )


def _records(matrix: dict[str, Any]) -> list[dict[str, Any]]:
    records = []
    for tester, cells in zip(matrix["testers"], matrix["cells"], strict=True):
        for server, cell in zip(matrix["servers"], cells, strict=True):
            found = {"state": "not_run"} if cell is None else cell
            record: dict[str, Any] = {"tester": tester["name"], "region": tester.get("region")}
            record |= {"server": server["name"]}
            record |= {name: server.get(name) for name in ("group", "host", "address", "family")}
            more = tuple(name for name in OF_RANKING.values() if name in found)
            records.append(record | {name: found.get(name) for name in (*FIGURES, *more)})
    return records
