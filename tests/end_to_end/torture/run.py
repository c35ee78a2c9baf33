"""Rounds side by side until enough was killed."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from tests.end_to_end.bed.bed import Bed
from tests.end_to_end.hosts.cloud_fleet import CloudFleet
from tests.end_to_end.torture.blows import Blow
from tests.end_to_end.torture.round import Plan, Result, play

LANES = (
    ("eu-west-1", "us-east-1"),
    ("eu-west-2", "us-east-2"),
    ("eu-west-3", "us-west-1"),
    ("eu-central-1", "us-west-2"),
)
"""The regions of rounds that are played at once: what is left there is theirs."""

FIRST_PORT = 22_000


@dataclass(kw_only=True)
class Tally:
    """What came of the rounds so far."""

    wanted: int
    tell: Callable[[str], object]
    rounds: int = 0
    kills: Counter[Blow] = field(default_factory=Counter)
    wrong: list[Result] = field(default_factory=list)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def add(self, result: Result) -> None:
        """Count a round."""
        with self._guard:
            self.rounds += 1
            self.kills[result.plan.blow] += result.kills
            if result.wrong:
                self.wrong.append(result)
            self.tell(str(result))

    @property
    def is_over(self) -> bool:
        """Whether enough was killed, or something went wrong."""
        return bool(self.wrong) or self.kills.total() >= self.wanted

    def __str__(self) -> str:
        kinds = "".join(f"\n  {self.kills[blow]:>4}  {blow.value}" for blow in Blow)
        return f"{self.kills.total()} kills in {self.rounds} rounds, {len(self.wrong)} went wrong{kinds}"


def torture(bed: Bed, *, kills: int, seed: str, folder: Path, tell: Callable[[str], object]) -> Tally:
    """Play rounds until `kills` processes were killed, or one went wrong."""
    tally = Tally(wanted=kills, tell=tell)
    numbers = count()

    def lane(index: int) -> None:
        while not tally.is_over:
            tally.add(one_round(f"{seed}.{next(numbers)}.{index}", bed=bed, folder=folder))

    with ThreadPoolExecutor(len(LANES)) as pool:
        list(pool.map(lane, range(len(LANES))))
    return tally


def one_round(seed: str, *, bed: Bed, folder: Path) -> Result:
    """Play the round of a seed, which ends with the round's number and that of its lane."""
    _, number, lane = seed.rsplit(".", 2)
    plan, chance = Plan.of(seed, regions=LANES[int(lane)])
    with _fleet(bed, folder / f"round-{number}", port=FIRST_PORT + int(lane), number=number) as fleet:
        return play(plan, chance, fleet)


@contextmanager
def _fleet(bed: Bed, folder: Path, *, port: int, number: str) -> Iterator[CloudFleet]:
    folder.mkdir(parents=True)
    fleet = CloudFleet(bed=bed, folder=folder, port=port, name=f"torture{number}")
    try:
        yield fleet
    finally:
        fleet.clear()
