"""The distance floor of a path: no answer is faster than light in fibre (pure)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from collector.history.figures import Floats, Integers

EARTH_RADIUS_KM = 6371.0088
"""The mean radius (IUGG)."""

KM_PER_MS = 102.0
"""Kilometres of distance for each millisecond of RTT: light in fibre, both ways."""

BELOW_FLOOR = "below floor"
"""The flag of an RTT that cannot be: a wrong location, or anycast."""

LEAST_KM = 100.0
"""Nearer than this the ratio says nothing of the route: hosts and the last mile outweigh the fibre."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where something stands, in degrees."""

    lat: float
    lon: float


@dataclass(frozen=True, kw_only=True, slots=True)
class FloorFigure:
    """The best RTT of a path against its floor; `ratio` is None where it would mislead."""

    ratio: float | None = None
    flag: str | None = None


def place_of(location: object) -> Place | None:
    """Return the place in a stored location, None where it has none that is on the globe."""
    if not isinstance(location, dict):
        return None
    lat, lon = _degrees(location.get("lat")), _degrees(location.get("lon"))
    if lat is None or lon is None or abs(lat) > 90.0 or abs(lon) > 180.0:
        return None
    return Place(lat=lat, lon=lon)


def server_places(spec: object) -> dict[str, Place]:
    """Return where a fleet's servers stand, by name, as far as its specification says."""
    listed = spec.get("servers") if isinstance(spec, dict) else None
    places: dict[str, Place] = {}
    for server in listed if isinstance(listed, list) else []:
        if not isinstance(server, dict) or not isinstance(server.get("name"), str):
            continue
        place = place_of(server.get("location"))
        if place is not None:
            places[server["name"]] = place
    return places


def distance_km(one: Place, other: Place) -> float:
    """Return the great-circle distance in kilometres."""
    return float(_distances_km(_degrees_of([one]), _degrees_of([other]))[0])


def floor_us(one: Place, other: Place) -> float:
    """Return the least RTT in microseconds that the distance allows."""
    return distance_km(one, other) / KM_PER_MS * 1_000.0


def against_floor(*, best_us: int | None, one: Place | None, other: Place | None) -> FloorFigure:
    """Return the best RTT over the floor, and whether it is below; nothing where a part is unknown."""
    if best_us is None:
        return FloorFigure()
    ratio, is_below = against_floors(best_us=np.array([best_us]), one=[one], other=[other])
    return FloorFigure(
        ratio=None if math.isnan(ratio[0]) else float(ratio[0]), flag=BELOW_FLOOR if is_below[0] else None
    )


def against_floors(
    *, best_us: Integers, one: Sequence[Place | None], other: Sequence[Place | None]
) -> tuple[Floats, NDArray[np.bool_]]:
    """Return the best RTTs of paths over their floors, and which are below.

    NaN and False where a place is unknown or an RTT negative; NaN alone where the ends are too near.
    """
    distance = _distances_km(_degrees_of(one), _degrees_of(other))
    floor = distance / KM_PER_MS * 1_000.0
    best = np.where(best_us >= 0, best_us, np.nan)
    return np.where(distance >= LEAST_KM, best / np.maximum(floor, 1.0), np.nan), best < floor


def _degrees_of(places: Sequence[Place | None]) -> Floats:
    """Return latitudes and longitudes in two rows, NaN where a place is unknown."""
    return np.array(
        [(math.nan, math.nan) if place is None else (place.lat, place.lon) for place in places]
    ).T.reshape(2, len(places))


def _distances_km(one: Floats, other: Floats) -> Floats:
    """Return great-circle distances in kilometres, by the haversine formula; NaN where an end is unknown."""
    lat_1, lat_2 = np.radians(one[0]), np.radians(other[0])
    half_lat = np.sin((lat_2 - lat_1) / 2.0)
    half_lon = np.sin(np.radians(other[1] - one[1]) / 2.0)
    square = half_lat**2 + np.cos(lat_1) * np.cos(lat_2) * half_lon**2
    found: Floats = 2.0 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.minimum(1.0, square)))
    return found


def _degrees(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        degrees = float(value)
    except OverflowError:
        return None
    return degrees if math.isfinite(degrees) else None
