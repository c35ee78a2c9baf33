"""The routers between a tester and a server."""

from typing import Any

from orchestrator.show.answer import Cell, Column, Table, Tone
from orchestrator.show.figures import count_text, ms_text, time_text

COLUMNS = (
    Column(title="HOP", is_number=True),
    Column(title="WHO ANSWERED"),
    Column(title="WHAT"),
    Column(title="n", is_number=True),
    Column(title="best ms", is_number=True),
    Column(title="worst ms", is_number=True),
)


def newest_trace(results: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Return the newest result that has a traceroute; `results` are in the collector's order."""
    return next((result for result in results if (result.get("details") or {}).get("trace")), None)


def trace_table(result: dict[str, Any]) -> Table:
    """Return the path that a result's traceroute found, hop by hop."""
    trace = result["details"]["trace"]
    when, to = time_text(result["ts"]), result["address"]
    if trace.get("error"):
        title = f"No path to {to} at {when}: {trace['error']}"
    else:
        end = "" if trace["reached"] else ", which it did not reach"
        title = f"The path to {to}{end}, traced at {when}"
    return Table(title=title, columns=COLUMNS, rows=tuple(_row(hop) for hop in trace["hops"]))


def _row(hop: dict[str, Any]) -> tuple[Cell, ...]:
    answered = [rtt for rtt in hop["rtt_us"] if rtt >= 0]
    refused = set(hop["kinds"]) - {"time_exceeded", "reply"}
    return (
        Cell(text=count_text(hop["ttl"])),
        Cell(text=", ".join(hop["addresses"]) or "no answer"),
        Cell(
            text=", ".join(kind.replace("_", " ") for kind in hop["kinds"]) or "-",
            tone=Tone.WARN if refused else Tone.PLAIN,
        ),
        Cell(text=f"{len(answered)}/{len(hop['rtt_us'])}"),
        Cell(text=ms_text(min(answered, default=None))),
        Cell(text=ms_text(max(answered, default=None))),
    )
