"""Figures as a person would count them: the reference for what the endpoints say."""

import math
from collections.abc import Sequence
from typing import Any

from wire.report import LATE, NOT_SENT

Z = 1.959963984540054


def naive_figures(probes: Sequence[int]) -> dict[str, Any]:
    """Return the figures of pooled probes."""
    sent = [math.inf if value < 0 else value for value in probes if value != NOT_SENT]
    answers = [value for value in probes if value >= 0]
    p50, p50_note = _percentile(sent, 50, 6)
    p95, p95_note = _percentile(sent, 95, 59)
    n, lost = len(sent), len(sent) - len(answers)
    low = high = ratio = None
    if n:
        ratio = lost / n
        centre = (ratio + Z * Z / (2 * n)) / (1 + Z * Z / n)
        half = Z * math.sqrt(ratio * (1 - ratio) / n + Z * Z / (4 * n * n)) / (1 + Z * Z / n)
        low, high = max(0.0, centre - half), min(1.0, centre + half)
    return {
        "n": n,
        "answered": len(answers),
        "late": list(probes).count(LATE),
        "loss_ratio": ratio,
        "loss_low": low,
        "loss_high": high,
        "min_us": min(answers, default=None),
        "p50_us": p50,
        "p95_us": p95,
        "p50_note": p50_note,
        "p95_note": p95_note,
    }


def _percentile(sent: Sequence[float], percent: int, least: int) -> tuple[int | None, str | None]:
    if len(sent) < least:
        return None, "n/a"
    value = sorted(sent)[math.ceil(len(sent) * percent / 100) - 1]
    return (None, "lost") if value == math.inf else (int(value), None)
