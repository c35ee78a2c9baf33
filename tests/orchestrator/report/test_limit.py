"""What `--fail-if` reads, and what exceeds it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.errors import ConfigurationError
from orchestrator.findings.limit import KINDS, Limit, exceeded, limit_of, undecided

SPACES = st.sampled_from(["", " "])


def a_change(name: str, ratio: float | None, low: float | None, **changes: Any) -> dict[str, Any]:
    """A change of a path of 100 ms."""
    change: dict[str, Any] = {"label": name, "is_lost": False, "change_ratio": ratio, "change_ratio_low": low}
    change |= {"change_ratio_high": None if ratio is None or low is None else 2 * ratio - low}
    us = {
        name.replace("ratio", "us"): value and value * 1e5
        for name, value in change.items()
        if "ratio" in name
    }
    return change | us | changes


def a_diff(*changes: dict[str, Any]) -> dict[str, Any]:
    return {"regions": list(changes), "paths": list(changes), "servers": list(changes)}


@given(
    kind=st.sampled_from(sorted(KINDS)),
    whole=st.integers(0, 10**12 - 1),
    fraction=st.none() | st.integers(0, 10**12 - 1),
    unit=st.sampled_from(["%", "ms"]),
    spaces=st.tuples(SPACES, SPACES, SPACES, SPACES, SPACES),
)
def test_every_limit_is_read_as_it_is_written(
    kind: str, whole: int, fraction: int | None, unit: str, spaces: tuple[str, ...]
) -> None:
    number = f"{whole}" if fraction is None else f"{whole}.{fraction}"
    before, left, right, last, after = spaces

    found = limit_of(f"{before}{kind}{left}>{right}{number}{last}{unit}{after}")

    assert found == Limit(kind=kind, most=float(number), unit=unit)


@given(
    limit=st.builds(Limit, kind=st.sampled_from(sorted(KINDS)), most=st.integers(0, 9999), unit=st.just("%"))
)
def test_a_limit_is_written_as_it_is_read(limit: Limit) -> None:
    assert limit_of(str(limit)) == limit


@given(
    text=st.text(alphabet="regionpathsv >=<%ms0123456789.,-+eE\x00\n٣", max_size=20) | st.text(max_size=40)
)
def test_rubbish_is_refused_with_a_hint_and_never_fails_otherwise(text: str) -> None:
    found, refused = None, ""
    try:
        found = limit_of(text)
    except ConfigurationError as error:
        refused = f"{error} {error.next_step}"

    if found is None:
        assert "is not a limit" in refused
        assert "region>10%" in refused
    else:
        assert found.kind in KINDS
        assert found.most >= 0


@pytest.mark.parametrize(
    "text",
    [
        "",
        "region",
        "region>ten%",
        "planet>10%",
        "region<10%",
        "region>10",
        "region>-1%",
        "region>1e3%",
        "REGION>1%",
    ],
)
def test_what_is_nearly_a_limit_is_none(text: str) -> None:
    with pytest.raises(ConfigurationError, match="is not a limit"):
        limit_of(text)


@pytest.mark.parametrize(
    ("limit", "said"),
    [
        ("region>10%", ("region eu: p50 grew by at least 15.0 %, the limit is 10 %",)),
        ("server>12.5ms", ("server eu: p50 grew by at least 15.0 ms, the limit is 12.5 ms",)),
        # An interval that holds the limit, or ends at it, does not fail.
        ("region>15%", ()),
        ("region>20%", ()),
        ("path>15ms", ()),
    ],
)
def test_the_whole_interval_has_to_be_above_the_limit(limit: str, said: tuple[str, ...]) -> None:
    assert exceeded(a_diff(a_change("eu", 0.20, 0.15)), limit_of(limit)) == said


def test_one_of_many_that_is_barely_above_may_be_chance() -> None:
    barely = a_change("barely", 0.30, 0.101)
    calm = [a_change(f"calm {number}", 0.0, -0.2) for number in range(200)]

    assert exceeded(a_diff(barely), limit_of("path>10%")) != ()
    assert exceeded(a_diff(barely, *calm), limit_of("path>10%")) == ()
    assert exceeded(a_diff(a_change("far", 0.9, 0.7), *calm), limit_of("path>10%")) != ()


@given(
    changes=st.lists(st.tuples(st.floats(-0.9, 3.0), st.floats(0.0, 1.0)), min_size=1, max_size=30),
    most=st.floats(0.0, 200.0),
    unit=st.sampled_from(["%", "ms"]),
)
def test_nothing_is_found_whose_interval_holds_the_limit(
    changes: list[tuple[float, float]], most: float, unit: str
) -> None:
    made = [a_change(f"{number}.", ratio, ratio - width) for number, (ratio, width) in enumerate(changes)]
    lows = {each["label"]: each["change_ratio_low"] * 100 for each in made}

    for sentence in exceeded(a_diff(*made), Limit(kind="path", most=most, unit=unit)):
        assert lows[sentence.split(":")[0].removeprefix("path ")] > most - 1e-6


def test_what_is_lost_exceeds_every_limit() -> None:
    lost = a_change("cape", None, None, is_lost=True)

    assert exceeded(a_diff(lost), limit_of("path>1000%")) == ("path cape: p50 is lost, the limit is 1000 %",)
    assert undecided(a_diff(lost), limit_of("path>1000%")) == ()


def test_too_few_probes_decide_nothing() -> None:
    few = a_change("eu", None, None)

    assert exceeded(a_diff(few), limit_of("region>1%")) == ()
    assert undecided(a_diff(few), limit_of("region>1%")) == ("eu",)


def test_a_change_without_a_lower_bound_is_no_finding() -> None:
    assert exceeded(a_diff(a_change("eu", 5.0, None)), limit_of("region>1%")) == ()
