"""Figures as people read them; silence is never a number."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from orchestrator.show.answer import Cell, Tone

NOTHING = "–"
ALL_LOST = "×"


def ms_text(us: float | None, note: str | None = None) -> str:
    """Return microseconds as milliseconds, four digits or so; `note` stands where there is no number."""
    if us is None:
        return note or NOTHING
    ms = us / 1_000
    if ms < 1:
        return f"{ms:.3f}"
    if ms < 10:
        return f"{ms:.2f}"
    return f"{ms:.1f}" if ms < 1_000 else f"{ms:.0f}"


def nothing_text(body: Mapping[str, Any]) -> str:
    """Return why an answer of the collector is empty, and what to do first."""
    if body.get("fleet") is None:
        return "no results yet: `orchestrate up` measures"
    if body.get("sweep_id") is not None:
        return "no results of this sweep yet: they come when its testers report (`orchestrate status`)"
    if body.get("since") is not None or "percentile_error" in body:
        return "nothing was measured in this time: a longer --since may have some"
    return f"the fleet {body['fleet']} has no results yet: `orchestrate up` measures"


def percent_text(ratio: float | None) -> str:
    """Return a share in percent; what is above 0 never reads as 0, what is below 100 never as 100."""
    if ratio is None:
        return NOTHING
    if ratio <= 0:
        return "0"
    if ratio >= 1:
        return "100"
    percent = ratio * 100
    if percent < 0.01:
        return "<0.01"
    if percent > 99.9:
        return ">99.9"
    return f"{percent:.2f}" if percent < 1 else f"{percent:.1f}"


def interval_text(low: float | None, high: float | None) -> str:
    """Return an interval of shares in percent."""
    if low is None or high is None:
        return NOTHING
    return f"{percent_text(low)}–{percent_text(high)}"


def change_text(ratio: float | None) -> str:
    """Return a relative change in percent, with its sign; what rounds to nothing has none."""
    if ratio is None:
        return NOTHING
    text = f"{ratio * 100:+.1f}"
    return "0.0" if float(text) == 0 else text.replace("-", "−")


def ratio_text(ratio: float | None) -> str:
    """Return how many times one figure is another."""
    return NOTHING if ratio is None else f"{ratio:.1f}"


def count_text(count: int | None) -> str:
    """Return a count; one that an engine cannot know is not 0."""
    return NOTHING if count is None else str(count)


def time_text(text: str | None) -> str:
    """Return a time of the wire in UTC, to the second."""
    if text is None:
        return NOTHING
    try:
        return datetime.fromisoformat(text).strftime("%Y-%m-%d %H:%M:%S")
    except ValueError:
        return text


def quantile_cell(us: float | None, note: str | None) -> Cell:
    """Return a percentile, or in words why there is none."""
    return Cell(text=ms_text(us, note), tone=Tone.BAD if note == "lost" else Tone.PLAIN)


def loss_cell(ratio: float | None) -> Cell:
    """Return a loss in percent."""
    return Cell(text=percent_text(ratio), tone=Tone.BAD if ratio else Tone.PLAIN)
