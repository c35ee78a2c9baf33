import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.decide.pulse import WELL, Finding, OpenRun, Pulse, Signs, finding_of

SILENT_S, LATE_S = 100.0, 30.0
seconds = st.floats(0, 10_000)
runs = st.none() | st.builds(OpenRun, index=st.integers(0, 9), elapsed_s=seconds, expected_s=seconds)
signs = st.builds(Signs, quiet_s=st.none() | seconds, unanswered_s=st.none() | seconds, run=runs)


def found(signs: Signs) -> Finding:
    return finding_of(signs, silent_after_s=SILENT_S, late_after_s=LATE_S)


@given(signs)
def test_only_a_tester_that_is_not_well_has_a_cause(signs: Signs) -> None:
    finding = found(signs)
    assert (finding.cause == "") == (finding.pulse is Pulse.WELL)


@given(signs)
def test_who_is_heard_is_never_dead_and_who_is_not_always(signs: Signs) -> None:
    silent_s = signs.unanswered_s if signs.quiet_s is None else signs.quiet_s
    assert (found(signs).pulse is Pulse.DEAD) == (silent_s is not None and silent_s >= SILENT_S)


@given(signs, seconds)
def test_the_words_stay_the_same_as_time_goes_by(signs: Signs, more_s: float) -> None:
    later = Signs(
        quiet_s=None if signs.quiet_s is None else signs.quiet_s + more_s,
        unanswered_s=None if signs.unanswered_s is None else signs.unanswered_s + more_s,
        run=None
        if signs.run is None
        else OpenRun(
            index=signs.run.index,
            elapsed_s=signs.run.elapsed_s + more_s,
            expected_s=signs.run.expected_s,
        ),
    )
    before, after = found(signs), found(later)
    assert before == after or before.pulse is not after.pulse


RUN = OpenRun(index=2, elapsed_s=60.0, expected_s=20.0)


@pytest.mark.parametrize(
    ("signs", "finding"),
    [
        (Signs(quiet_s=5.0, unanswered_s=None), WELL),
        (Signs(quiet_s=5.0, unanswered_s=None, run=OpenRun(index=2, elapsed_s=49.0, expected_s=20.0)), WELL),
        # Nobody but us misses it.
        (Signs(quiet_s=5.0, unanswered_s=900.0), WELL),
        (
            Signs(quiet_s=5.0, unanswered_s=None, run=RUN),
            Finding(
                pulse=Pulse.LATE,
                cause="run 3 was to take 20 s at most and is not over; its heartbeats arrive",
            ),
        ),
        (
            Signs(quiet_s=None, unanswered_s=None, run=RUN),
            Finding(
                pulse=Pulse.LATE,
                cause="run 3 was to take 20 s at most and is not over; its process is there",
            ),
        ),
        (
            Signs(quiet_s=101.0, unanswered_s=None, run=RUN),
            Finding(pulse=Pulse.DEAD, cause="no heartbeat for 100 s; its process is there"),
        ),
        (
            Signs(quiet_s=101.0, unanswered_s=80.0),
            Finding(pulse=Pulse.DEAD, cause="no heartbeat for 100 s; its host does not answer either"),
        ),
        (
            Signs(quiet_s=None, unanswered_s=100.0),
            Finding(pulse=Pulse.DEAD, cause="its host has not answered for 100 s"),
        ),
    ],
    ids=str,
)
def test_a_dead_tester_is_told_from_a_slow_one(signs: Signs, finding: Finding) -> None:
    assert found(signs) == finding
