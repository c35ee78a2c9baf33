import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.dashboard import formats
from collector.dashboard.curves import WIDTH, drawn
from collector.dashboard.headline import Said, headline
from collector.dashboard.path_past import Curve
from collector.dashboard.region_rows import scale_of
from collector.dashboard.scale import STEPS, amount_class, band_of, change_class, top_of


def region(name: str, word: str = "ok", *, slow: bool = False, lossy: bool = False) -> Said:
    return Said(scope="region", key=name, name=name, label=name, word=word, slow=slow, lossy=lossy)


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ([], "Not judged yet"),
        ([region("a"), region("b")], "No region is slower than usual"),
        ([region("a"), region("Dubai", "slow", slow=True)], "One region got slower: Dubai"),
        (
            [region(name, "slow", slow=True) for name in "dcba"],
            "4 regions got slower: a, b, c and 1 more",
        ),
        (
            [
                region("a", "slow", slow=True),
                region("b", "lossy", lossy=True),
                region("c", "lossy", lossy=True),
            ],
            "One region got slower: a; 2 regions lose packets: b and c",
        ),
        ([region("a", "lost", lossy=True)], "One region loses everything: a"),
        ([region("a"), region("b", "watch")], "No region is slow; watched: b"),
        ([region("a", "no_baseline")], "Too early to say: there is no past yet to be held against"),
        ([region("a", "untrusted")], "Nothing to go by: no run can be trusted"),
        (
            [
                region("a", "insufficient"),
                Said(scope="path", key="1 2", name="x", label="a → b", word="slow", slow=True),
            ],
            "One path got slower: a → b",
        ),
        (
            [region("a"), Said(scope="server", key="1", name="fra1", label="fra1", word="slow", slow=True)],
            "One server got slower: fra1",
        ),
    ],
)
def test_the_headline_is_the_finding(said: list[Said], sentence: str) -> None:
    assert headline(said) == sentence


@pytest.mark.parametrize(
    ("us", "text"),
    [(None, "–"), (0, "0"), (37, "0.037"), (994, "0.99"), (1_234, "1.2"), (9_960, "10"), (239_400, "239")],
)
def test_times_have_the_digits_that_say_something(us: int | None, text: str) -> None:
    assert formats.ms(us) == text


@pytest.mark.parametrize(
    ("ratio", "text"),
    [(None, "–"), (0.0, "0 %"), (0.0001, "0.01 %"), (0.042, "4.2 %"), (0.9996, "99.9 %"), (1.0, "100 %")],
)
def test_a_share_is_nought_or_all_only_where_it_is(ratio: float | None, text: str) -> None:
    assert formats.percent(ratio).replace("\u00a0", " ") == text


@given(st.floats(min_value=1e-9, max_value=1.0, exclude_max=True))
def test_some_loss_is_never_written_as_none_or_all(ratio: float) -> None:
    assert formats.percent(ratio) not in ("0\u00a0%", "100\u00a0%", "1e+02\u00a0%")


@given(st.lists(st.integers(0, 100_000_000), max_size=60))
def test_every_time_has_a_step_of_the_scale(values: list[int]) -> None:
    top = top_of(values)
    assert top >= 1
    assert {amount_class(us, top_us=top) for us in values} <= {f"b{step}" for step in range(STEPS)}


def test_slower_is_orange_and_faster_is_grey() -> None:
    assert [change_class(ratio) for ratio in (-0.5, -0.05, 0.0, 0.05, 0.34, 3.0)] == [
        "g2", "g1", "o0", "o1", "o3", "o5",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("lon", "band"),
    [
        (-77.4, "Americas"),
        (55.3, "Europe, Middle East, Africa"),
        (72.9, "Asia Pacific"),
        (-178.0, "Asia Pacific"),
    ],
)
def test_places_lie_in_their_part_of_the_world(lon: float, band: str) -> None:
    assert band_of({"lat": 0.0, "lon": lon}) == band


def test_nothing_answered_is_no_drawing_and_loss_keeps_a_line_below_the_top() -> None:
    assert drawn([Curve(), Curve(sent=20)]) is None
    drawing = drawn([Curve(us=[1_000, 2_000], share=[0.25, 0.5], sent=20), Curve()])
    assert drawing is not None
    assert drawing.lines[0].endswith(f"V65.0H{WIDTH:g}")
    assert drawing.lines[1] == ""


def test_a_scale_of_changes_holds_what_is_known() -> None:
    rows: list[dict[str, float | None]] = [
        {"change_ratio": 0.3, "change_low": 0.2, "change_high": None},
        {"change_ratio": None, "change_low": None, "change_high": None},
        {"change_ratio": 9.0, "change_low": 8.0, "change_high": 10.0},
    ]
    scale = scale_of(rows)
    assert (scale.low, scale.high) == (-0.10, 2.0)
    assert scale.at(10.0) == scale.at(2.0) == 98.0
    assert 0.0 in scale.ticks
