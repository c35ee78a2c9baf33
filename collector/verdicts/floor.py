"""The distance floor of a path: no answer is faster than light in fibre (pure)."""

import math
from dataclasses import dataclass

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
    """Return the great-circle distance in kilometres, by the haversine formula."""
    lat_1, lat_2 = math.radians(one.lat), math.radians(other.lat)
    half_lat = math.sin((lat_2 - lat_1) / 2.0)
    half_lon = math.sin(math.radians(other.lon - one.lon) / 2.0)
    square = half_lat**2 + math.cos(lat_1) * math.cos(lat_2) * half_lon**2
    return 2.0 * EARTH_RADIUS_KM * math.asin(math.sqrt(min(1.0, square)))


def floor_us(one: Place, other: Place) -> float:
    """Return the least RTT in microseconds that the distance allows."""
    return distance_km(one, other) / KM_PER_MS * 1_000.0


def against_floor(*, best_us: int | None, one: Place | None, other: Place | None) -> FloorFigure:
    """Return the best RTT over the floor, and whether it is below; nothing where a part is unknown."""
    if best_us is None or one is None or other is None:
        return FloorFigure()
    floor = floor_us(one, other)
    return FloorFigure(
        ratio=best_us / floor if distance_km(one, other) >= LEAST_KM else None,
        flag=BELOW_FLOOR if best_us < floor else None,
    )


def _degrees(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        degrees = float(value)
    except OverflowError:
        return None
    return degrees if math.isfinite(degrees) else None
