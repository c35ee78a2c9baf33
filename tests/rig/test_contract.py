"""Every engine against the truth: what became of each probe, and how often.

An engine that `choose` knows is examined without more ado.
"""

import os
from collections.abc import Callable

import pytest

from tester.engine.choose import ENGINES, open_engine
from tester.engine.engine import Engine, Probed
from tester.stop import Stop
from tests.rig.rig import Rig
from tests.rig.script import LOST, Fate, Kind, Script, mixed
from tests.rig.truth import Truth, differences, errors_ns
from wire.job import ProbePlan

pytestmark = [pytest.mark.root, pytest.mark.xdist_group("rig")]

SEEDS = int(os.environ.get("RIG_SEEDS", "5"))
TIMEOUT_S, LATEST_S = 0.25, 0.5
"""An engine listens for as long as the timeout once more, at least."""
QUICK, SLOW = Fate(), Fate(delay_ns=round((TIMEOUT_S + LATEST_S) / 2 * 1e9))

Ping = Callable[[Script, float], tuple[Probed, Truth]]


@pytest.fixture(params=[f"{name} {kind}" for name in ENGINES if name != "auto" for kind in ("raw", "dgram")])
def engine(request: pytest.FixtureRequest, rig: Rig) -> Engine:
    name, kind = request.param.split()
    with rig.inside():
        return open_engine(engine=name, sockets=kind)


@pytest.fixture
def ping(rig: Rig, engine: Engine, stop: Stop) -> Ping:
    def made(script: Script, interval_s: float) -> tuple[Probed, Truth]:
        plan = ProbePlan(count=script.count, interval_s=interval_s, timeout_s=TIMEOUT_S)
        rig.load(script)
        with rig.inside():
            probed = engine.probe(script.addresses(), plan, stop=stop)
        return probed, rig.truth()

    return made


def always(fate: Fate, *, rows4: int = 3, rows6: int = 3, count: int = 5) -> Script:
    return Script.of(lambda row, nth: fate, rows4=rows4, rows6=rows6, count=count)


def found_wrong(found: tuple[Probed, Truth]) -> list[str]:
    probed, truth = found
    return differences(truth, probed, timeout_s=TIMEOUT_S)


@pytest.mark.parametrize("seed", range(SEEDS))
def test_every_probe_is_judged_as_it_truly_went(ping: Ping, seed: int) -> None:
    fates = mixed(seed, interval_s=0.02, timeout_s=TIMEOUT_S, latest_s=LATEST_S)

    assert found_wrong(ping(Script.of(fates, rows4=8, rows6=6, count=12), 0.02)) == []


def test_a_hundred_seeds_at_once_are_judged_as_they_went(ping: Ping) -> None:
    fates = [mixed(seed, interval_s=0.1, timeout_s=TIMEOUT_S, latest_s=LATEST_S) for seed in range(100)]
    script = Script.of(lambda row, nth: fates[row % 100](row, nth), rows4=300, rows6=100, count=8)

    assert found_wrong(ping(script, 0.1)) == []


def test_silence_is_lost(ping: Ping) -> None:
    probed, truth = ping(always(LOST), 0.01)

    assert set(probed.positions) == {-1}
    assert found_wrong((probed, truth)) == []


def test_what_is_late_is_no_answer(ping: Ping) -> None:
    probed, truth = ping(always(SLOW), 0.01)

    assert set(probed.positions) == ({-2} if probed.late is not None else {-1})
    assert found_wrong((probed, truth)) == []


@pytest.mark.parametrize("spacing_ns", [0, 3_000_000, 60_000_000])
def test_each_further_answer_is_a_duplicate(ping: Ping, spacing_ns: int) -> None:
    probed, truth = ping(always(Fate(copies=4, spacing_ns=spacing_ns)), 0.01)

    assert sum(truth.verdicts(timeout_s=TIMEOUT_S).duplicate) == 6 * 5 * 3
    assert found_wrong((probed, truth)) == []


def test_answers_in_reverse_are_reordered(ping: Ping) -> None:
    script = Script.of(lambda row, nth: Fate(delay_ns=(5 - nth) * 35_000_000), rows4=2, rows6=2, count=6)
    probed, truth = ping(script, 0.005)

    assert truth.verdicts(timeout_s=TIMEOUT_S).reordered == [5, 5, 5, 5]
    assert found_wrong((probed, truth)) == []


def test_forged_and_cut_answers_count_for_nothing(ping: Ping) -> None:
    kinds = [Kind.ANSWER, Kind.FORGED, Kind.CUT, Kind.ANSWER]
    script = Script.of(
        lambda row, nth: Fate(kind=kinds[nth], copies=1 if kinds[nth] is Kind.ANSWER else 2),
        rows4=3,
        rows6=3,
        count=4,
    )
    probed, truth = ping(script, 0.02)

    assert [min(value, 0) for value in probed.positions] == [0, -1, -1, 0] * 6
    assert found_wrong((probed, truth)) == []


def test_errors_on_the_way_are_counted_by_kind(ping: Ping) -> None:
    kinds = [Kind.ANSWER, Kind.UNREACHABLE, Kind.PROHIBITED, Kind.UNREACHABLE]
    script = Script.of(lambda row, nth: Fate(kind=kinds[nth]), rows4=2, rows6=2, count=4)

    assert found_wrong(ping(script, 0.02)) == []


def test_rounds_go_out_one_after_another_whatever_comes_back(ping: Ping) -> None:
    fates = mixed(1, interval_s=0.02, timeout_s=TIMEOUT_S, latest_s=LATEST_S)
    _, truth = ping(Script.of(fates, rows4=20, rows6=10, count=10), 0.02)

    rounds = [position % truth.count for position in truth.arrivals]
    assert len(rounds) == 300
    assert rounds == sorted(rounds)


def test_an_rtt_encloses_the_time_that_its_probe_was_held(ping: Ping) -> None:
    probed, truth = ping(always(Fate(delay_ns=300_000), count=20), 0.01)

    assert len(errors_ns(truth, probed.positions)) == 120
    assert min(errors_ns(truth, probed.positions)) > -1_000  # a position is rounded to 1 µs
