"""A report as a table for a person at a terminal (pure)."""

from collections.abc import Iterable, Sequence
from typing import Any

from tester.summary import Quantile, Summary, summarise
from wire.report import Report

HEAD = (
    "SERVER",
    "ADDRESS",
    "STATE",
    "SENT",
    "LOST",
    "LOSS",
    "95 % INTERVAL",
    "MIN ms",
    "P50 ms",
    "P95 ms",
    "PDV ms",
)
Entry = tuple[str, str, Sequence[int], bool]
"""A server's name, its address, its positions, and whether it has an address at all."""
_LEFT = 3
"""Columns of words come first; figures stand to the right."""


def table_of(report: Report) -> str:
    """Return the lines of a table, with what went wrong below it."""
    results = report.results
    entries: list[Entry] = []
    notes: list[str] = []
    start = 0
    for row, planned in enumerate(results.planned):
        positions = results.rtt_us[start : start + planned]
        start += planned
        address = results.address[row] or "-"
        entries.append((results.server[row], address, positions, results.address[row] is not None))
        details = results.details.get(str(row), {})
        if "error" in details:
            notes.append(f"{results.server[row]}: {details['error']}")
        if "icmp_errors" in details:
            kinds = ", ".join(f"{count} × {kind}" for kind, count in sorted(details["icmp_errors"].items()))
            notes.append(f"{results.server[row]} {address}: {kinds}")
    for place in sorted(map(int, results.details)):
        if (trace := results.details[str(place)].get("trace")) is not None:
            notes += trace_lines(trace, to=f"{results.server[place]} {results.address[place]}")
    taken_s = (report.finished_at - report.started_at).total_seconds()
    of = "" if report.of is None else f" of {report.of}"
    end = f"run {report.index + 1}{of}, {report.end}, {taken_s:.1f} s"
    if not report.health.get("trusted", True):
        notes.append(f"this machine was the problem, do not trust this run: {report.health.get('reason')}")
    return "\n".join([*table_lines(entries), *notes, end]) + "\n"


def table_lines(entries: Iterable[Entry]) -> list[str]:
    """Return the head of a table and a line for each entry."""
    lines: list[tuple[str, ...]] = [HEAD]
    for name, address, positions, resolved in entries:
        summary = summarise(positions, resolved=resolved)
        lines.append((name, address, summary.state, *_figures(summary)))
    return _aligned(lines)


def trace_lines(trace: dict[str, Any], *, to: str) -> list[str]:
    """Return a traceroute as lines: hop, who answered, the RTTs in ms with `*` where none came."""
    if trace.get("error"):
        return [f"no path to {to}: {trace['error']}"]
    end = "" if trace["reached"] else " (not reached)"
    lines = [("", "", f"the path to {to}{end}:")]
    for hop in trace["hops"]:
        rtts = "  ".join("*" if rtt < 0 else _milliseconds(rtt) for rtt in hop["rtt_us"])
        kinds = [kind.replace("_", " ") for kind in hop["kinds"] if kind not in ("time_exceeded", "reply")]
        who = ", ".join(hop["addresses"]) or "no answer"
        lines.append((f"{hop['ttl']:>3}", who, "  ".join([rtts, *kinds])))
    width = max(len(who) for _, who, _ in lines)
    return [lines[0][2], *(f"{ttl}  {who.ljust(width)}  {rest}" for ttl, who, rest in lines[1:])]


def _figures(summary: Summary) -> tuple[str, ...]:
    lost = summary.n - summary.answered
    if summary.loss_ratio is None or summary.loss_low is None or summary.loss_high is None:
        return (str(summary.n), *["-"] * 7)
    return (
        str(summary.n),
        str(lost),
        f"{summary.loss_ratio * 100:.1f} %",
        f"{summary.loss_low * 100:.1f}–{summary.loss_high * 100:.1f} %",
        "-" if summary.min_us is None else _milliseconds(summary.min_us),
        _quantile(summary.p50),
        _quantile(summary.p95),
        _quantile(summary.pdv),
    )


def _quantile(quantile: Quantile) -> str:
    return quantile.note or "-" if quantile.us is None else _milliseconds(quantile.us)


def _milliseconds(us: int) -> str:
    return f"{us / 1000:.3f}"


def _aligned(lines: list[tuple[str, ...]]) -> list[str]:
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return [
        "  ".join(
            text.ljust(width) if column < _LEFT else text.rjust(width)
            for column, (text, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    ]
