"""The history of one path."""

from typing import Any

from orchestrator.show.answer import Answer, Cell, Column, Table, Tone
from orchestrator.show.figures import (
    count_text,
    interval_text,
    loss_cell,
    ms_text,
    percent_text,
    quantile_cell,
    ratio_text,
    time_text,
)
from orchestrator.show.sparks import sparkline
from orchestrator.show.trace import trace_table

COLUMNS = (
    Column(title="TIME (UTC)"),
    Column(title="STATE"),
    Column(title="n", is_number=True),
    Column(title="loss %", is_number=True),
    Column(title="min ms", is_number=True),
    Column(title="p50 ms", is_number=True),
    Column(title="p95 ms", is_number=True),
    Column(title="max ms", is_number=True, extra=1),
)
RECORD = (
    "ts",
    "run_id",
    "state",
    "n",
    "answered",
    "loss_ratio",
    "min_us",
    "p50_us",
    "p95_us",
    "max_us",
    "trusted",
)


def path_answer(path: dict[str, Any], *, traced: dict[str, Any] | None = None) -> Answer:
    """Return the answer to "how has this path been?", with where it leads if a result was `traced`."""
    tester, server = path["tester"]["name"], path["server"]["name"]
    points = path["points"]
    name = f"{tester} → {server}"
    notes = []
    if len(points) > 1:
        in_time = sorted(points, key=lambda point: str(point["ts"]))
        notes.append(f"p50, the newest last: {sparkline([_height(point) for point in in_time])}")
    if path.get("resolution_s") is not None:
        notes.append(f"a row is of {path['resolution']}: --resolution run has each run")
    if any(not point.get("trusted", True) for point in points):
        notes.append("?: the run is not trusted and stays out of the summary")
    if path.get("next"):
        notes.append("there is more: narrow it with --since, or ask the API with the cursor")
    table = Table(title="", columns=COLUMNS, rows=tuple(_row(point) for point in points))
    return Answer(
        title=f"Path {name}",
        sentence=f"{name}: {_summary(path.get('summary') or {}, runs=len(points))}",
        tables=((table,) if points else ()) + (() if traced is None else (trace_table(traced),)),
        notes=tuple(notes),
        records=tuple(
            {"tester": tester, "server": server} | {key: point.get(key) for key in RECORD} for point in points
        ),
        data=path if traced is None else path | {"trace": traced["details"]["trace"]},
    )


def _height(point: dict[str, Any]) -> float | None:
    found: float | None = point.get("p50_us")
    return point.get("min_us") if found is None and point.get("p50_note") != "lost" else found


def _summary(summary: dict[str, Any], *, runs: int) -> str:
    if not summary.get("n"):
        return "no results in this time; a longer --since, or another address, may have some"
    if not summary["answered"]:
        return f"no answer in time to {summary['n']} probes"
    parts = [f"p50 {_figure(summary, 'p50')}", f"p95 {_figure(summary, 'p95')}"]
    parts.append(f"best {ms_text(summary.get('min_us'))} ms")
    limits = interval_text(summary.get("loss_low"), summary.get("loss_high"))
    parts.append(f"loss {percent_text(summary['loss_ratio'])} % ({limits} %)")
    if summary.get("pdv_us") is not None:
        parts.append(f"PDV {ms_text(summary['pdv_us'])} ms")
    if summary.get("floor_ratio") is not None:
        parts.append(f"{ratio_text(summary['floor_ratio'])} × the distance floor")
    return ", ".join(parts) + f"; {summary['n']} probes in {summary.get('runs', runs)} runs"


def _figure(summary: dict[str, Any], name: str) -> str:
    figure, note = summary.get(f"{name}_us"), summary.get(f"{name}_note")
    return f"{ms_text(figure)} ms" if figure is not None else note or "n/a"


def _row(point: dict[str, Any]) -> tuple[Cell, ...]:
    mark = "" if point.get("trusted", True) else "?"
    return (
        Cell(text=time_text(point["ts"])),
        Cell(text=point["state"] + mark, tone=Tone.PLAIN if point["state"] == "ok" else Tone.WARN),
        Cell(text=count_text(point["n"])),
        loss_cell(point["loss_ratio"]),
        Cell(text=ms_text(point.get("min_us"))),
        quantile_cell(point.get("p50_us"), point.get("p50_note")),
        quantile_cell(point.get("p95_us"), point.get("p95_note")),
        Cell(text=ms_text(point.get("max_us"))),
    )
