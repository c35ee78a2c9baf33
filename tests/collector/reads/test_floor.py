import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.verdicts.floor import BELOW_FLOOR, Place, against_floor, distance_km, floor_us, place_of

PLACES = st.builds(Place, lat=st.floats(-90, 90), lon=st.floats(-180, 180))
OSLO = Place(lat=59.91, lon=10.75)
VIRGINIA = Place(lat=38.9, lon=-77.4)


def by_vectors(one: Place, other: Place) -> float:
    """The great circle from the angle between two vectors, as an independent reference."""

    def vector(place: Place) -> tuple[float, float, float]:
        lat, lon = math.radians(place.lat), math.radians(place.lon)
        return math.cos(lat) * math.cos(lon), math.cos(lat) * math.sin(lon), math.sin(lat)

    a, b = vector(one), vector(other)
    cross = (a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0])
    return 6371.0088 * math.atan2(math.hypot(*cross), sum(x * y for x, y in zip(a, b, strict=True)))


@given(PLACES, PLACES)
def test_the_distance_is_the_great_circle(one: Place, other: Place) -> None:
    assert distance_km(one, other) == pytest.approx(by_vectors(one, other), rel=1e-6, abs=0.01)


@given(PLACES, PLACES)
def test_the_distance_is_the_same_both_ways(one: Place, other: Place) -> None:
    assert distance_km(one, other) == pytest.approx(distance_km(other, one))


def test_oslo_to_virginia_takes_at_least_61_ms() -> None:
    assert distance_km(OSLO, VIRGINIA) == pytest.approx(6_260, rel=0.01)
    assert floor_us(OSLO, VIRGINIA) == pytest.approx(61_400, rel=0.01)


def test_an_rtt_below_the_floor_is_flagged() -> None:
    figure = against_floor(best_us=30, one=OSLO, other=VIRGINIA)

    assert figure.flag == BELOW_FLOOR
    assert figure.ratio is not None
    assert figure.ratio < 1.0


def test_an_rtt_above_the_floor_is_its_ratio() -> None:
    figure = against_floor(best_us=122_800, one=OSLO, other=VIRGINIA)

    assert figure.ratio == pytest.approx(2.0, rel=0.01)
    assert figure.flag is None


def test_neighbours_have_no_ratio() -> None:
    assert against_floor(best_us=900, one=OSLO, other=OSLO).ratio is None
    assert against_floor(best_us=900, one=OSLO, other=Place(lat=59.95, lon=10.8)).ratio is None


def test_without_an_answer_or_a_place_there_is_no_ratio() -> None:
    assert against_floor(best_us=None, one=OSLO, other=VIRGINIA).ratio is None
    assert against_floor(best_us=900, one=None, other=VIRGINIA).ratio is None


@pytest.mark.parametrize(
    "location",
    [
        None,
        "eu",
        [1, 2],
        {},
        {"lat": 1},
        {"lat": "1", "lon": 2},
        {"lat": True, "lon": 2},
        {"lat": 91, "lon": 2},
        {"lat": 1, "lon": 181},
        {"lat": float("nan"), "lon": 2},
        {"lat": 10**400, "lon": 2},
    ],
)
def test_a_location_without_a_point_on_the_globe_is_no_place(location: object) -> None:
    assert place_of(location) is None


def test_a_location_with_a_point_is_a_place() -> None:
    assert place_of({"region": "x", "lat": 1, "lon": -2.5}) == Place(lat=1.0, lon=-2.5)
