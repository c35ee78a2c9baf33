"""Steps of colour, and bands of the globe (pure): what class a figure has, and which heading a row."""

from collections.abc import Iterable, Mapping
from math import ceil, floor, log10

STEPS = 10
NICE = (1.0, 1.5, 2.0, 3.0, 5.0, 7.5, 10.0)
SLOWER_FROM = (0.03, 0.10, 0.20, 0.35, 0.60)
FASTER_FROM = (-0.03, -0.10)
AMERICAS, EUROPE, ASIA, ELSEWHERE = (
    "Americas",
    "Europe, Middle East, Africa",
    "Asia Pacific",
    "Elsewhere",
)
BANDS = (AMERICAS, EUROPE, ASIA, ELSEWHERE)


def top_of(values_us: Iterable[int]) -> int:
    """Return the end of a scale in microseconds: round, and above all but a twentieth of the values."""
    ordered = sorted(values_us)
    if not ordered:
        return 1_000
    value = max(1.0, float(ordered[ceil(len(ordered) * 0.95) - 1]))
    unit = 10.0 ** floor(log10(value))
    return round(next(nice for nice in NICE if nice * unit >= value) * unit)


def amount_class(us: int, *, top_us: int) -> str:
    """Return the step of blue of a time."""
    return f"b{min(STEPS - 1, us * STEPS // top_us)}"


def change_class(ratio: float) -> str:
    """Return the step of orange of what is slower than usual; what is faster is grey."""
    slower = sum(ratio > limit for limit in SLOWER_FROM)
    if slower:
        return f"o{slower}"
    faster = sum(ratio < limit for limit in FASTER_FROM)
    return f"g{faster}" if faster else "o0"


def band_of(place: Mapping[str, float] | None) -> str:
    """Return the part of the world that a place lies in, by its longitude."""
    if place is None:
        return ELSEWHERE
    lon = place["lon"]
    if -170.0 <= lon < -30.0:
        return AMERICAS
    return EUROPE if -30.0 <= lon < 62.0 else ASIA
