"""Two distributions as lines of a drawing (pure): how many probes were answered within what time."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

WIDTH, HEIGHT = 300.0, 130.0
NICE = (1, 2, 5)
MOST_TICKS = 5


class Distribution(Protocol):
    """Times in microseconds, and the share of all probes that took at most as long."""

    @property
    def us(self) -> Sequence[int]:
        """Return the times, in order."""
        ...

    @property
    def share(self) -> Sequence[float]:
        """Return the shares, of which the last may be below 1."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Drawing:
    """Lines within a box, and where its times stand: place and microseconds."""

    lines: list[str]
    ticks: list[tuple[float, int]]


def drawn(curves: Sequence[Distribution]) -> Drawing | None:
    """Return distributions as steps on one scale, None where nothing was answered.

    The scale ends where the slowest half per cent begins, so that one late answer does not press the
    others together; a line goes on to the edge at the share that it has reached.
    """
    some = [curve for curve in curves if curve.us]
    if not some:
        return None
    low = float(min(curve.us[0] for curve in some))
    high = float(max(_within(curve, 0.995 * curve.share[-1]) for curve in some))
    spread = max(high - low, 0.02 * high, 10.0)
    low, high = max(0.0, low - 0.05 * spread), high + 0.05 * spread
    return Drawing(
        lines=[_steps(curve, low, high) if curve.us else "" for curve in curves], ticks=_ticks(low, high)
    )


def _within(curve: Distribution, share: float) -> int:
    return next(us for us, reached in zip(curve.us, curve.share, strict=True) if reached >= share)


def _steps(curve: Distribution, low: float, high: float) -> str:
    height = HEIGHT
    parts = [f"M0 {height:g}"]
    for us, share in zip(curve.us, curve.share, strict=True):
        if us > high:
            break
        parts.append(f"H{(us - low) / (high - low) * WIDTH:.1f}")
        height = (1.0 - share) * HEIGHT
        parts.append(f"V{height:.1f}")
    parts.append(f"H{WIDTH:g}")
    return "".join(parts)


def _ticks(low: float, high: float) -> list[tuple[float, int]]:
    step = 1
    while (high - low) / step > MOST_TICKS:
        step = next(10**power * nice for power in range(9) for nice in NICE if 10**power * nice > step)
    first = -(-int(low) // step)
    return [
        (round((number * step - low) / (high - low) * WIDTH, 1), number * step)
        for number in range(first, int(high // step) + 1)
    ]
