"""One run and what it found."""

from typing import Any

from orchestrator.show.answer import Answer, Cell, Column, Table, Tone
from orchestrator.show.figures import ALL_LOST, count_text, ms_text, percent_text, time_text
from orchestrator.show.matrix import server_names
from orchestrator.show.sparks import LATE, NOT_KNOWN, probes_line

COLUMNS = (
    Column(title="SERVER"),
    Column(title="ADDRESS", extra=1),
    Column(title="STATE"),
    Column(title="sent", is_number=True),
    Column(title="answered", is_number=True),
    Column(title="late", is_number=True),
    Column(title="loss %", is_number=True, extra=2),
    Column(title="min ms", is_number=True),
    Column(title="p50 ms", is_number=True),
    Column(title="max ms", is_number=True),
    Column(title="dup", is_number=True, extra=3),
    Column(title="PROBES", extra=4),
    Column(title="HOST", extra=5),
)
RECORD = (
    "ts",
    "run_id",
    "tester",
    "server",
    "group",
    "host",
    "address",
    "family",
    "state",
    "planned",
    "sent",
    "answered",
    "late",
    "duplicate",
    "reordered",
    "min_us",
    "p50_us",
    "max_us",
    "mean_us",
    "rtt_us",
)


def run_answer(run: dict[str, Any]) -> Answer:
    """Return the answer to "what did this run find?"."""
    results = run.get("results") or []
    named = [{**result, "name": result["server"]} for result in results]
    rows = tuple(_row(result, name) for result, name in zip(results, server_names(named), strict=True))
    return Answer(
        title=f"Run {run['run_id']}",
        sentence=_sentence(run),
        tables=(Table(title="", columns=COLUMNS, rows=rows),) if rows else (),
        notes=tuple(_notes(run)),
        records=tuple({name: result.get(name) for name in RECORD} for result in results),
        data=run,
    )


def _sentence(run: dict[str, Any]) -> str:
    of = f" of {run['of']}" if run.get("of") else ""
    stored = f"{run.get('stored') or 0} of {run.get('planned') or 0} results"
    sentence = f"run {run['index'] + 1}{of} of {run['tester']}: {run['state']}, {stored}"
    if run.get("trusted") is False:
        return f"{sentence}, not trusted: {run.get('reason') or 'no reason given'}"
    return f"{sentence}, {run['reason']}" if run.get("reason") else sentence


def _notes(run: dict[str, Any]) -> list[str]:
    notes = [f"started {time_text(run.get('started_at'))}, finished {time_text(run.get('finished_at'))} UTC"]
    marks = {rtt for result in run.get("results") or [] for rtt in result.get("rtt_us") or [] if rtt < 0}
    if marks:
        notes.append(
            f"probes in their order, bars from 0: {ALL_LOST} lost, {LATE} late, {NOT_KNOWN} not sent"
        )
    offset = run.get("clock_offset_us")
    if offset is not None:
        fixed = "corrected" if run.get("clock_corrected") else "as reported"
        notes.append(f"the tester's clock is off by {offset / 1_000_000:+.3f} s; times are {fixed}")
    engine = run.get("engine") or {}
    if engine:
        notes.append("engine: " + ", ".join(f"{key} {value}" for key, value in engine.items()))
    for result in run.get("results") or []:
        error = (result.get("details") or {}).get("error")
        if error:
            notes.append(f"{result['server']}: {error}")
    return notes


def _row(result: dict[str, Any], name: str) -> tuple[Cell, ...]:
    sent, answered = result.get("sent") or 0, result.get("answered") or 0
    state = result["state"]
    good = state == "ok"
    return (
        Cell(text=name),
        Cell(text=result.get("address") or "no address"),
        Cell(text=state, tone=Tone.PLAIN if good else Tone.BAD),
        Cell(text=count_text(sent)),
        Cell(text=count_text(answered)),
        Cell(text=count_text(result.get("late"))),
        Cell(text=percent_text((sent - answered) / sent if sent else None)),
        Cell(text=ms_text(result.get("min_us"))),
        Cell(text=ms_text(result.get("p50_us"))),
        Cell(text=ms_text(result.get("max_us"))),
        Cell(text=count_text(result.get("duplicate"))),
        Cell(text=probes_line(result.get("rtt_us") or [])),
        Cell(text=result.get("host") or ""),
    )
