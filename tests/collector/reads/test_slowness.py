from dataclasses import replace

import pytest

from collector.history.figures import Figure
from collector.verdicts.floor import BELOW_FLOOR, FloorFigure
from collector.verdicts.slowness import By, Entry, default_by, label, region_floor, slowest_first

FIGURE = Figure(
    planned=100,
    n=100,
    answered=100,
    late=0,
    min_us=10,
    max_us=30,
    p50_us=20,
    p95_us=29,
    p50_note=None,
    p95_note=None,
    ipdv_us=1,
    loss_ratio=0.0,
    loss_low=0.0,
    loss_high=0.04,
)


def an_entry(name: str, *, ratio: float | None = None, **figure: object) -> Entry:
    return Entry(
        key=(name,),
        figure=replace(FIGURE, **figure),  # type: ignore[arg-type]  # the fields differ in type
        floor=FloorFigure(ratio=ratio),
    )


def names(entries: list[Entry]) -> list[str]:
    return [entry.key[0] for entry in entries]


def test_lost_percentiles_lead_and_unknown_ones_end() -> None:
    entries = [
        an_entry("unknown", p50_us=None, p50_note="n/a"),
        an_entry("fast", p50_us=5),
        an_entry("lost", p50_us=None, p50_note="lost"),
        an_entry("slow", p50_us=500),
    ]

    assert names(slowest_first(entries, by=By.P50)) == ["lost", "slow", "fast", "unknown"]


def test_each_ranking_goes_by_its_own_figure() -> None:
    entries = [
        an_entry("a", p95_us=9, loss_ratio=0.1, ratio=3.0),
        an_entry("b", p95_us=10, loss_ratio=0.0, ratio=None),
        an_entry("c", p95_us=8, loss_ratio=None, ratio=2.0),
    ]

    assert names(slowest_first(entries, by=By.P95)) == ["b", "a", "c"]
    assert names(slowest_first(entries, by=By.LOSS)) == ["a", "b", "c"]
    assert names(slowest_first(entries, by=By.FLOOR)) == ["a", "c", "b"]


def test_equals_are_ordered_by_name() -> None:
    assert names(slowest_first([an_entry("b"), an_entry("a")], by=By.P50)) == ["a", "b"]


def test_a_known_floor_decides_the_default() -> None:
    assert default_by([an_entry("a"), an_entry("b", ratio=1.2)]) is By.FLOOR
    assert default_by([an_entry("a")]) is By.P50
    assert default_by([]) is By.P50


def test_a_region_stands_at_the_median_of_its_known_ratios() -> None:
    floors = [FloorFigure(ratio=ratio) for ratio in (1.5, 2.0, 90.0)]

    assert region_floor([*floors, FloorFigure()]) == FloorFigure(ratio=2.0)
    assert region_floor([FloorFigure()]) == FloorFigure()


def test_a_region_is_flagged_with_any_of_its_paths() -> None:
    assert region_floor([FloorFigure(ratio=2.0), FloorFigure(flag=BELOW_FLOOR)]).flag == BELOW_FLOOR


@pytest.mark.parametrize(
    ("by", "words"),
    [
        (By.P50, "ranked by p50 (lost probes count as infinite)"),
        (By.P95, "ranked by p95 (lost probes count as infinite)"),
        (By.LOSS, "ranked by loss (lost and late probes over sent)"),
        (By.FLOOR, "ranked by best RTT over the distance floor (a region by the median of its paths)"),
    ],
)
def test_the_label_says_what_the_ranking_goes_by(by: By, words: str) -> None:
    assert label(by, regions=2) == words


def test_the_only_region_is_said_to_be_the_only_one() -> None:
    assert label(By.P50, regions=1) == (
        "p50 (lost probes count as infinite) of the only region: there is none to compare it with"
    )
