"""A report as a table for a person at a terminal (pure)."""

from tester.summary import Quantile, Summary, summarise
from wire.report import Report

HEAD = ("SERVER", "ADDRESS", "STATE", "SENT", "LOST", "LOSS", "95 % INTERVAL", "MIN ms", "P50 ms", "P95 ms")
_LEFT = 3
"""Columns of words come first; figures stand to the right."""


def table_of(report: Report) -> str:
    """Return the lines of a table, with what went wrong below it."""
    results = report.results
    lines: list[tuple[str, ...]] = [HEAD]
    notes: list[str] = []
    start = 0
    for row, planned in enumerate(results.planned):
        summary = summarise(
            results.rtt_us[start : start + planned], resolved=results.address[row] is not None
        )
        start += planned
        address = results.address[row] or "-"
        lines.append((results.server[row], address, summary.state, *_figures(summary)))
        details = results.details.get(str(row), {})
        if "error" in details:
            notes.append(f"{results.server[row]}: {details['error']}")
        if "icmp_errors" in details:
            kinds = ", ".join(f"{count} × {kind}" for kind, count in sorted(details["icmp_errors"].items()))
            notes.append(f"{results.server[row]} {address}: {kinds}")
    taken_s = (report.finished_at - report.started_at).total_seconds()
    of = "" if report.of is None else f" of {report.of}"
    end = f"run {report.index + 1}{of}, {report.end}, {taken_s:.1f} s"
    if not report.health.get("trusted", True):
        notes.append(f"this run cannot be trusted: {report.health.get('reason')}")
    return "\n".join([*_aligned(lines), *notes, end]) + "\n"


def _figures(summary: Summary) -> tuple[str, ...]:
    lost = summary.n - summary.answered
    if summary.loss_ratio is None or summary.loss_low is None or summary.loss_high is None:
        return (str(summary.n), "-", "-", "-", "-", "-", "-")
    return (
        str(summary.n),
        str(lost),
        f"{summary.loss_ratio * 100:.1f} %",
        f"{summary.loss_low * 100:.1f}–{summary.loss_high * 100:.1f} %",
        "-" if summary.min_us is None else _milliseconds(summary.min_us),
        _quantile(summary.p50),
        _quantile(summary.p95),
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
