"""What a verdict is: its words, its figures, its sentence (pure)."""

from dataclasses import dataclass, field
from enum import StrEnum


class Word(StrEnum):
    """What can be said of a region, a server, a path or the whole fleet."""

    OK = "ok"
    WATCH = "watch"
    SLOW = "slow"
    LOSSY = "lossy"
    LOST = "lost"
    RECOVERED = "recovered"
    MOVED = "moved"
    NO_BASELINE = "no_baseline"
    INSUFFICIENT = "insufficient"
    UNTRUSTED = "untrusted"


BAD = frozenset({Word.SLOW, Word.LOSSY, Word.LOST})
UNDECIDED = frozenset({Word.MOVED, Word.NO_BASELINE, Word.INSUFFICIENT, Word.UNTRUSTED})
"""What says that nothing could be said."""


class Scope(StrEnum):
    """What a verdict is about; `fleet` is what all paths have in common."""

    FLEET = "fleet"
    REGION = "region"
    SERVER = "server"
    PATH = "path"


@dataclass(frozen=True, kw_only=True, slots=True)
class VerdictFigures:
    """The figures behind a verdict, of the newest round; None where there is none.

    Ratios are shares of the baseline: `change_ratio` 0.18 is +18 %, with its 95 % interval. `items` are
    the servers (of a server the regions, of the fleet the regions) behind it, `agreeing` those of them
    that show more than the limit alone. Of the last `round_count` rounds, `judged_rounds` could be judged.
    """

    change_ratio: float | None = None
    change_low: float | None = None
    change_high: float | None = None
    change_us: float | None = None
    p: float | None = None
    items: int = 0
    agreeing: int = 0
    round_count: int = 0
    judged_rounds: int = 0
    slow_rounds: int = 0
    watch_rounds: int = 0
    lossy_rounds: int = 0
    sent: int = 0
    answered: int = 0
    loss_low: float | None = None
    loss_high: float | None = None
    lossy_items: int = 0
    floor_ratio: float | None = None
    tester: str | None = None
    region: str | None = None
    server: str | None = None
    address: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """A verdict on one thing; `slow` and `lossy` hold apart, as a lossy region may be slow as well.

    `structural` is None where no distance is known. `missing` says what kept it from being decided.
    """

    scope: Scope
    key: str
    label: str
    word: Word
    figures: VerdictFigures
    slow: bool = False
    lossy: bool = False
    structural: bool | None = None
    missing: tuple[str, ...] = field(default=())

    @property
    def sentence(self) -> str:
        """Return the verdict in one line; it holds nothing that was not measured."""
        figures = self.figures
        parts = [_head(self)]
        if figures.change_ratio is not None:
            parts[0] += f" {_percent(figures.change_ratio)} %{_interval(figures)}"
        if figures.change_us is not None:
            parts.append(f"{_milliseconds(figures.change_us)} ms")
        if figures.items and self.scope is not Scope.PATH:
            noun = "servers" if self.scope is Scope.REGION else "regions"
            parts.append(f"{figures.agreeing}/{figures.items} {noun}")
        if figures.judged_rounds:
            parts.append(f"{_rounds(self)}/{figures.round_count} rounds")
        if figures.sent:
            parts.append(_lost(figures))
        if figures.floor_ratio is not None:
            parts.append(f"structural {figures.floor_ratio:.1f}×")
        return ", ".join(parts)


def _head(verdict: Verdict) -> str:
    why = f" ({', '.join(verdict.missing)})" if verdict.missing else ""
    return f"{verdict.label} {verdict.word.replace('_', ' ').upper()}{why}"


def _rounds(verdict: Verdict) -> int:
    figures = verdict.figures
    if verdict.word in (Word.LOSSY, Word.LOST):
        return figures.lossy_rounds
    return figures.watch_rounds if verdict.word is Word.WATCH else figures.slow_rounds


def _interval(figures: VerdictFigures) -> str:
    low, high = figures.change_low, figures.change_high
    if low is None or high is None:
        return " (no CI)" if low is None else f" (CI from {_percent(low)})"
    if low < 0:
        return f" (CI {_percent(low)} to {_percent(high)})"
    return f" (CI {low * 100:.0f}–{high * 100:.0f})"


def _percent(ratio: float) -> str:
    return _signed(f"{ratio * 100:+.0f}")


def _milliseconds(us: float) -> str:
    ms = us / 1_000.0
    return _signed(f"{ms:+.0f}" if abs(ms) >= 1.0 else f"{ms:+.2g}")


def _signed(text: str) -> str:
    return text.replace("-", "−")


def _lost(figures: VerdictFigures) -> str:
    lost = figures.sent - figures.answered
    low, high = figures.loss_low or 0.0, figures.loss_high or 0.0
    bounds = f"≤ {_share(high)} %" if lost == 0 else f"{_share(low)}–{_share(high)} %"
    return f"{lost}/{figures.sent} lost ({bounds})"


def _share(ratio: float) -> str:
    # Two digits, without the exponent that 100 would have.
    value = ratio * 100.0
    return f"{value:.0f}" if value >= 9.95 else f"{value:.2g}"
