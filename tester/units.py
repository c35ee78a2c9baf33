"""Durations and sizes as people write them."""

import re

_SECONDS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}
_BYTES = {
    "": 1,
    "b": 1,
    "kb": 10**3,
    "mb": 10**6,
    "gb": 10**9,
    "tb": 10**12,
    "kib": 2**10,
    "mib": 2**20,
    "gib": 2**30,
    "tib": 2**40,
}
_AMOUNT = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]*)")


def seconds_of(text: str) -> float:
    """Return the seconds in `200ms`, `1.5s`, `5m`, `2h`, `1d` or a bare number; raise ValueError."""
    return _amount(text, _SECONDS, example="200ms, 1.5s, 5m, 2h or 1d", what="a duration")


def bytes_of(text: str) -> int:
    """Return the bytes in `1GiB`, `500MB` or a bare number; raise ValueError."""
    return int(_amount(text, _BYTES, example="1GiB or 500MB", what="a size"))


def size_text(count: float) -> str:
    """Return bytes for a reader: `1.0 GiB`."""
    for unit in ("B", "KiB", "MiB"):
        if count < 1024:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} GiB"


def _amount(text: str, units: dict[str, float] | dict[str, int], *, example: str, what: str) -> float:
    found = _AMOUNT.fullmatch(text.strip().lower())
    if found is None or found[2] not in units:
        raise ValueError(f"{text!r} is not {what}: write {example}")
    value = float(found[1]) * units[found[2]]
    if value == float("inf"):
        raise ValueError(f"{text[:20]!r}… is more than any number")
    return value
