"""Verdicts from stamps: each fate of a probe, and all together against a naive reference."""

from array import array

from hypothesis import given
from hypothesis import strategies as st

from tester.engine.classify import Stamps, Verdicts, classify
from wire.report import LATE, LOST, NOT_SENT

MS = 1_000_000
START = 10**18
TIMEOUT = 100 * MS


def verdicts(*probes: tuple[int, int | None], cut_ms: int | None = None) -> Verdicts:
    """One target; a probe is when it left and when its answer came, in ms."""
    return classify(
        Stamps(
            width=1,
            count=len(probes),
            sent=array("q", [START + sent * MS for sent, _ in probes]),
            answered=array("q", [0 if came is None else START + came * MS for _, came in probes]),
        ),
        timeout_ns=TIMEOUT,
        cut_ns=None if cut_ms is None else START + cut_ms * MS,
    )


def test_an_answer_within_the_timeout_is_an_rtt_and_after_it_late() -> None:
    made = verdicts((0, 100), (10, 111))

    assert list(made.positions) == [100_000, LATE]
    assert made.late == [1]
    assert made.late_rtt_us == {0: [101_000]}


def test_silence_is_lost() -> None:
    assert list(verdicts((0, None)).positions) == [LOST]


def test_late_rtts_stand_in_the_order_of_sending() -> None:
    assert verdicts((0, 300), (10, 500)).late_rtt_us == {0: [300_000, 490_000]}


def test_an_answer_after_one_to_a_later_probe_is_reordered() -> None:
    assert verdicts((0, 30), (10, 25), (20, 40)).reordered == [1]
    assert verdicts((0, 50), (10, 45), (20, 40)).reordered == [2]
    assert verdicts((0, None), (10, 45), (20, 46)).reordered == [0]


def test_a_late_answer_is_late_and_not_reordered() -> None:
    made = verdicts((0, 150), (100, 101))

    assert (made.late, made.reordered) == ([1], [0])


def test_a_stop_gives_no_verdict_on_who_had_less_than_the_timeout() -> None:
    made = verdicts((0, None), (10, None), (50, 60), cut_ms=105)

    assert list(made.positions) == [LOST, NOT_SENT, 10_000]
    assert made.unsettled == 1


def test_where_only_our_clock_knows_the_sending_the_probe_is_counted_as_unstamped() -> None:
    made = classify(
        Stamps(width=1, count=1, sent=array("q", [-START]), answered=array("q", [START + 7_400])),
        timeout_ns=TIMEOUT,
    )
    assert list(made.positions) == [7]
    assert made.unstamped == 1


def test_what_was_never_handed_over_is_not_sent() -> None:
    made = classify(
        Stamps(width=1, count=2, sent=array("q", [START, 0]), answered=array("q", [START + 9_500, 0])),
        timeout_ns=TIMEOUT,
    )
    assert list(made.positions) == [10, NOT_SENT]


@given(
    width=st.integers(1, 4),
    count=st.integers(1, 8),
    data=st.data(),
)
def test_many_targets_are_each_judged_alone(width: int, count: int, data: st.DataObject) -> None:
    size = width * count
    rtts = data.draw(st.lists(st.none() | st.integers(1, 300), min_size=size, max_size=size))
    sent = [START + (probe // width) * 20 * MS for probe in range(size)]
    came = [0 if rtt is None else at + rtt * MS for at, rtt in zip(sent, rtts, strict=True)]
    made = classify(
        Stamps(width=width, count=count, sent=array("q", sent), answered=array("q", came)),
        timeout_ns=TIMEOUT,
    )
    for target in range(width):
        own = range(target, size, width)
        fates = [
            LOST if rtt is None else rtt * 1_000 if rtt <= 100 else LATE
            for rtt in (rtts[probe] for probe in own)
        ]
        assert list(made.positions[target * count : (target + 1) * count]) == fates
        assert made.late[target] == fates.count(LATE)
        in_time = [probe for probe in own if came[probe] and came[probe] - sent[probe] <= TIMEOUT]
        assert made.reordered[target] == sum(
            any(later > probe and came[later] <= came[probe] for later in in_time) for probe in in_time
        )
