"""What a sweep has cost: the hours of its hosts, by the journal."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from orchestrator.act.cost import cost_of_sweep
from orchestrator.act.journal import Journal
from orchestrator.decide.facts import Sweep
from orchestrator.decide.host import Host, HostEvent, HostState

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
SWEEP = Sweep(sweep_id=UUID(int=9), started_at=NOON)


@dataclass
class Clock:
    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def journal(tmp_path: Path, clock: Clock) -> Iterator[Journal]:
    with Journal(tmp_path / "journal.sqlite3", clock=clock) as opened:
        yield opened


def a_host_lives(journal: Journal, clock: Clock, tester: str, *, hours: tuple[float, float | None]) -> None:
    begin, end = hours
    clock.now = NOON + timedelta(hours=begin)
    journal.add_host(
        Host(
            name=f"h-{tester}-{begin}",
            tester=tester,
            tester_id=UUID(int=1),
            driver="amazonec2",
            region="eu-west-1",
            state=HostState.PLANNED,
            since=clock.now,
        )
    )
    journal.move(f"h-{tester}-{begin}", HostEvent.CREATE_STARTED)
    journal.move(f"h-{tester}-{begin}", HostEvent.CREATED)
    if end is not None:
        clock.now = NOON + timedelta(hours=end)
        journal.move(f"h-{tester}-{begin}", HostEvent.REMOVE_STARTED)
        journal.move(f"h-{tester}-{begin}", HostEvent.REMOVED)


def cost(journal: Journal, prices: dict[str, float | None]) -> float | None:
    return cost_of_sweep(SWEEP, journal=journal, prices=prices, now=NOON + timedelta(hours=4))


def test_each_host_counts_from_its_create_to_its_removal_and_one_that_is_there_to_now(
    journal: Journal, clock: Clock
) -> None:
    a_host_lives(journal, clock, "a", hours=(0.5, 1.5))
    a_host_lives(journal, clock, "a", hours=(2, 2.5))
    a_host_lives(journal, clock, "b", hours=(3, None))
    a_host_lives(journal, clock, "free", hours=(0, 4))

    assert cost(journal, {"a": 0.10, "b": 1.0}) == pytest.approx(1.5 * 0.10 + 1.0)


def test_hosts_of_before_count_from_the_beginning_of_the_sweep(journal: Journal, clock: Clock) -> None:
    a_host_lives(journal, clock, "a", hours=(-5, -4))
    a_host_lives(journal, clock, "b", hours=(-3, 1))

    assert cost(journal, {"a": 1.0, "b": 1.0}) == pytest.approx(1.0)


def test_a_price_that_nobody_knows_makes_no_cost_and_neither_do_hosts_that_cost_nothing(
    journal: Journal, clock: Clock
) -> None:
    a_host_lives(journal, clock, "a", hours=(0, 1))

    assert cost(journal, {"a": None}) is None
    assert cost(journal, {}) is None
