"""What holds for verdicts on any facts."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from collector.verdicts.fleet import Fleet
from collector.verdicts.judge import judged
from collector.verdicts.polish import polish
from collector.verdicts.rounds import RoundFacts
from collector.verdicts.thresholds import DEFAULTS, Thresholds
from collector.verdicts.verdict import Scope, Verdict, Word
from tests.collector.verdicts.a_fleet import a_fleet, a_round, noisy

QUICK = replace(DEFAULTS, bootstrap_count=200)

SEEDS = st.integers(min_value=0, max_value=2**32)
SIZES = st.tuples(st.integers(min_value=3, max_value=8), st.integers(min_value=5, max_value=9))


def drawn_fleet(seed: int, size: tuple[int, int], *, slow: float = 1.25) -> Fleet:
    """A fleet with a slow region, and with holes."""
    regions, servers = size
    rounds, baseline = noisy(regions=regions, servers=servers, seed=seed)
    generator = np.random.default_rng(seed)
    facts = []
    for now in rounds:
        now[0] *= slow
        hole = generator.random(now.shape)
        answered = np.full(now.shape, 20)
        answered[hole < 0.03] = 0
        now[hole < 0.03] = np.inf
        base = np.where((hole > 0.03) & (hole < 0.06), np.nan, baseline)
        facts.append(a_round(now_ms=now, baseline_ms=base, answered=answered))
    return a_fleet(facts, regions=regions, servers=servers)


def of_regions(verdicts: Sequence[Verdict]) -> list[Verdict]:
    return [verdict for verdict in verdicts if verdict.scope is Scope.REGION]


@settings(max_examples=40)
@given(seed=SEEDS, size=SIZES, factor=st.floats(min_value=0.5, max_value=4.0))
def test_what_is_added_to_a_server_moves_no_region(seed: int, size: tuple[int, int], factor: float) -> None:
    fleet = drawn_fleet(seed, (size[0] + 3, size[1]))
    column = seed % size[1]

    def with_slow_server(facts: RoundFacts) -> RoundFacts:
        scale = np.where(facts.server == column, factor, 1.0)
        return replace(facts, now_us=facts.now_us * scale)

    # A server that too few regions see has no effect of its own: it cannot be told from theirs.
    for facts in fleet.rounds:
        usable = np.isfinite(facts.now_us / facts.baseline_us)
        assume(np.bincount(facts.server[usable], minlength=size[1]).min() >= QUICK.polish_regions)
    changed = replace(fleet, rounds=[with_slow_server(facts) for facts in fleet.rounds])

    before, after = (of_regions(judged(one, thresholds=QUICK, seed=seed)) for one in (fleet, changed))

    assert [one.word for one in before] == [one.word for one in after]
    for one, other in zip(before, after, strict=True):
        assert one.figures.change_ratio is not None
        assert other.figures.change_ratio is not None
        assert abs(one.figures.change_ratio - other.figures.change_ratio) < 1e-6


@settings(max_examples=40)
@given(seed=SEEDS, size=SIZES)
def test_the_order_of_testers_servers_and_paths_changes_nothing(seed: int, size: tuple[int, int]) -> None:
    fleet = drawn_fleet(seed, size)
    generator = np.random.default_rng(seed + 1)
    testers, servers = generator.permutation(size[0]), generator.permutation(size[1])
    tester_to, server_to = np.argsort(testers), np.argsort(servers)

    def shuffled(facts: RoundFacts) -> RoundFacts:
        order = generator.permutation(len(facts.tester))
        columns = {name: getattr(facts, name)[order] for name in RoundFacts.__dataclass_fields__}
        return RoundFacts(
            **columns | {"tester": tester_to[columns["tester"]], "server": server_to[columns["server"]]}
        )

    other = replace(
        fleet,
        testers=[fleet.testers[place] for place in testers],
        servers=[fleet.servers[place] for place in servers],
        rounds=[shuffled(facts) for facts in fleet.rounds],
    )

    assert judged(other, thresholds=QUICK, seed=seed) == judged(fleet, thresholds=QUICK, seed=seed)


@settings(max_examples=40)
@given(seed=SEEDS, size=SIZES, scale=st.floats(min_value=0.01, max_value=100.0))
def test_a_world_of_longer_paths_has_the_same_verdicts(
    seed: int, size: tuple[int, int], scale: float
) -> None:
    fleet = drawn_fleet(seed, size)
    longer = replace(
        fleet,
        rounds=[
            replace(facts, now_us=facts.now_us * scale, baseline_us=facts.baseline_us * scale)
            for facts in fleet.rounds
        ],
    )
    scaled = replace(QUICK, slow_change_ms=QUICK.slow_change_ms * scale)

    before = of_regions(judged(fleet, thresholds=QUICK, seed=seed))
    after = of_regions(judged(longer, thresholds=scaled, seed=seed))

    assert [one.word for one in before] == [one.word for one in after]


RAISED = st.sampled_from(
    (
        {"slow_ratio": 0.2},
        {"slow_ratio": 0.3, "watch_ratio": 0.1},
        {"slow_change_ms": 50.0},
        {"slow_servers": 7},
        {"agreeing_ratio": 0.9},
        {"rounds_agreeing": 3},
        {"false_discovery_ratio": 0.0001},
    )
)


@settings(max_examples=40)
@given(seed=SEEDS, size=SIZES, raised=RAISED, slow=st.floats(min_value=1.0, max_value=1.5))
def test_stricter_thresholds_never_add_a_slow_region(
    seed: int, size: tuple[int, int], raised: dict[str, float], slow: float
) -> None:
    fleet = drawn_fleet(seed, size, slow=slow)
    strict: Thresholds = replace(QUICK, **raised)  # type: ignore[arg-type]  # the fields differ in type

    loose_ones = {one.key for one in judged(fleet, thresholds=QUICK, seed=seed) if one.slow}
    strict_ones = {one.key for one in judged(fleet, thresholds=strict, seed=seed) if one.slow}

    assert {key for key in strict_ones if " " not in key} <= loose_ones


@settings(max_examples=40)
@given(seed=SEEDS, regions=st.integers(1, 6), servers=st.integers(0, 9), rounds=st.integers(0, 4))
def test_any_number_of_anything_gives_a_verdict_on_each_region(
    seed: int, regions: int, servers: int, rounds: int
) -> None:
    tables, baseline = noisy(regions=regions, servers=servers, seed=seed, count=rounds)
    facts = [a_round(now_ms=now, baseline_ms=baseline) for now in tables]

    verdicts = judged(a_fleet(facts, regions=regions, servers=servers), thresholds=QUICK, seed=seed)

    assert len(of_regions(verdicts)) == (regions if rounds else 0)
    if servers < QUICK.slow_servers or rounds < QUICK.rounds_agreeing:
        assert all(one.word is Word.INSUFFICIENT and one.missing for one in of_regions(verdicts))
    else:
        assert all(one.word in (Word.OK, Word.WATCH) for one in of_regions(verdicts))
    assert all(one.sentence for one in verdicts)


@settings(max_examples=40)
@given(seed=SEEDS, size=SIZES)
def test_the_parts_of_a_polish_add_up_to_the_ratio(seed: int, size: tuple[int, int]) -> None:
    generator = np.random.default_rng(seed)
    ratio = generator.normal(0.0, 0.2, size)
    ratio[generator.random(size) < 0.2] = np.nan

    found = polish(ratio, least_regions=3)

    total = found.overall + found.region[:, None] + found.server[None, :] + found.residual
    assert np.allclose(total, ratio, equal_nan=True, atol=1e-9)
