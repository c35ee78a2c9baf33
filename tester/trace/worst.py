"""Which rows of a run are worth a traceroute (pure)."""

from collections.abc import Sequence

from tester.summary import summarise

MOST_WORST, MOST_AT_ALL = 5, 100


def rows_to_trace(series: Sequence[Sequence[int]], *, which: str) -> list[int]:
    """Return the numbers of the rows to trace, of which `series` has the positions.

    "worst": first by the share of probes without an answer, then by the median RTT of the answers, at
    most `MOST_WORST`; "all": the first `MOST_AT_ALL`; "off": none. A row of which nothing was sent has
    nothing to explain.
    """
    if which == "off":
        return []
    found: list[tuple[float, int, int]] = []
    for row, positions in enumerate(series):
        summary = summarise(positions)
        if summary.n:
            answers = sorted(position for position in positions if position >= 0)
            middle = answers[len(answers) // 2] if answers else 0
            found.append((-(summary.loss_ratio or 0.0), -middle, row))
    if which == "all":
        return sorted(row for _, _, row in found)[:MOST_AT_ALL]
    return [row for _, _, row in sorted(found)[:MOST_WORST]]
