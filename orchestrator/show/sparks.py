"""Small charts of one line: bars from 0, so that their heights compare."""

from collections.abc import Sequence

from orchestrator.show.figures import ALL_LOST

BARS = "▁▂▃▄▅▆▇█"
LONGEST_SPARK = 60
LONGEST_PROBES = 24
LONGEST_TREND = 12
LEAST_TOP = 0.10
"""A trend that stays below this growth stays low: a peak of chance does not fill the line."""

NOT_KNOWN = "·"
LATE = "+"
_MARKS = {-1: ALL_LOST, -2: LATE, -3: NOT_KNOWN}


def sparkline(values: Sequence[float | None]) -> str:
    """Return values as bars over the range from 0; a value of None is a run without an answer.

    Where there are many, each bar is the highest of its neighbours, so that no peak is lost.
    """
    step = -(-len(values) // LONGEST_SPARK) or 1
    groups = [values[start : start + step] for start in range(0, len(values), step)]
    top = max((value for value in values if value is not None), default=0.0)
    return "".join(_bar(group, top=top) for group in groups)


def _bar(group: Sequence[float | None], *, top: float) -> str:
    if any(value is None for value in group):
        return ALL_LOST
    highest = max(value for value in group if value is not None)
    return BARS[min(int(highest / top * len(BARS)), len(BARS) - 1)] if top > 0 else BARS[0]


def probes_line(rtt_us: Sequence[int]) -> str:
    """Return the probes of a result in the order in which they were sent; the first ones where they are many.

    Lost and late ones, and those that were not sent, have marks of their own.
    """
    shown = rtt_us[:LONGEST_PROBES]
    top = max((rtt for rtt in rtt_us if rtt >= 0), default=0)
    bars = "".join(_MARKS[rtt] if rtt < 0 else _bar([float(rtt)], top=float(top)) for rtt in shown)
    return bars + ("…" if len(rtt_us) > LONGEST_PROBES else "")


def trend_line(changes: Sequence[float | None]) -> str:
    """Return growth over the usual, round by round, the newest last; what fell is as low as what stayed."""
    newest = changes[-LONGEST_TREND:]
    top = max([LEAST_TOP, *(change for change in newest if change is not None)])
    return "".join(NOT_KNOWN if each is None else _bar([max(each, 0.0)], top=top) for each in newest)
