"""How figures are written on pages (pure). What has no figure is a dash, never a nought."""

from collections.abc import Sequence
from datetime import UTC, datetime

NONE = "–"


def ms(us: float | None) -> str:
    """Return microseconds as milliseconds, with about two digits that say something."""
    if us is None:
        return NONE
    value = us / 1_000.0
    if abs(value) >= 9.95:
        return _signed(f"{value:.0f}")
    for digits in (1, 2):
        if abs(value) >= 0.995 * 10.0 ** (1 - digits):
            return _signed(f"{value:.{digits}f}")
    return _signed(f"{value:.3f}") if value else "0"


def exact_ms(us: float | None) -> str:
    """Return microseconds as milliseconds where there is room for more digits."""
    if us is None:
        return NONE
    value = us / 1_000.0
    return _signed(f"{value:.1f}" if abs(value) >= 10.0 else f"{value:.3g}")


def change_ms(us: float | None) -> str:
    """Return a difference in milliseconds, with its sign."""
    if us is None:
        return NONE
    text = exact_ms(us)
    return f"+{text}" if us > 0 else text


def percent(ratio: float | None) -> str:
    """Return a share: 0.042 is 4.2 %; what is not nothing is never written as 0."""
    if ratio is None:
        return NONE
    value = ratio * 100.0
    if value in (0.0, 100.0):
        return f"{value:.0f}\u00a0%"
    if value < 0.01:
        return "<0.01\u00a0%"
    # 99.96 must not become 100: one probe in thousands was answered.
    if value > 99.9:
        return "99.9\u00a0%"
    return (f"{value:.2g}" if value < 10.0 else f"{value:.3g}") + "\u00a0%"


def change_percent(ratio: float | None) -> str:
    """Return a change as a share of what was, with its sign: 0.29 is +29 %."""
    if ratio is None:
        return NONE
    whole = f"{ratio * 100.0:+.0f}"
    return ("0" if whole in ("+0", "-0") else _signed(whole)) + "\u00a0%"


def count(number: float | None) -> str:
    """Return a whole number with thin spaces between thousands."""
    return NONE if number is None else f"{number:,.0f}".replace(",", "\u2009")


def plural(number: int, one: str, several: str | None = None) -> str:
    """Return a number with its noun."""
    return f"{count(number)} {one if number == 1 else several or one + 's'}"


def first_of(names: Sequence[str], *, most: int = 3) -> str:
    """Return the first of some names, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def when(time: str | datetime | None) -> str:
    """Return a moment as people read it, in UTC: 23 Nov 2026 14:00."""
    moment = moment_of(time)
    if moment is None:
        return NONE
    return f"{moment.day} {moment:%b %Y %H:%M}"


def moment_of(time: str | datetime | None) -> datetime | None:
    """Return the moment that an answer of the API names."""
    if time is None:
        return None
    found = datetime.fromisoformat(time) if isinstance(time, str) else time
    return found.astimezone(UTC)


def duration(seconds: float | None) -> str:
    """Return a length of time by its two largest units: 1 min 52 s."""
    if seconds is None:
        return NONE
    left = max(0, round(seconds))
    if left < 1:
        return "0 s" if not seconds else f"{seconds:.1g} s"
    parts = []
    for length, unit in ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")):
        number, left = divmod(left, length)
        if number:
            parts.append(f"{number} {unit}")
        elif parts:
            break
    return " ".join(parts[:2])


def word(verdict: str | None) -> str:
    """Return the word of a verdict as pages have it."""
    return "not judged" if verdict is None else verdict.replace("_", " ")


def _signed(text: str) -> str:
    return text.replace("-", "−")
