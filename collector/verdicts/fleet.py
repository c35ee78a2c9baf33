"""Who measured what in the last rounds: the facts that verdicts are made of (pure)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from collector.history.figures import Integers
from collector.verdicts.polish import Floats
from collector.verdicts.rounds import Booleans, RoundFacts


@dataclass(frozen=True, kw_only=True, slots=True)
class TesterOf:
    """A tester: what it is called, and its region's place in the list of regions."""

    key: str
    name: str
    region: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerOf:
    """A server address."""

    key: str
    name: str
    address: str | None = None

    @property
    def label(self) -> str:
        """Return the name, with the address where there is one."""
        return self.name if self.address is None else f"{self.name} ({self.address})"


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Fleet:
    """Who measured what, and the last rounds, the newest first.

    A round holds each tester's run of that age: its newest, the one before, and so on, whichever sweep
    they belong to. `untrusted` says of each region whether its newest round had runs and none to trust.
    `floor_ratio` is the best RTT over the distance floor of each region, NaN where unknown.
    """

    regions: Sequence[str]
    testers: Sequence[TesterOf]
    servers: Sequence[ServerOf]
    rounds: Sequence[RoundFacts]
    untrusted: Booleans
    floor_ratio: Floats
    path_floor_ratio: Mapping[tuple[int, int], float] = field(default_factory=dict)


def in_order(fleet: Fleet) -> Fleet:
    """Return the fleet with testers, servers and paths in the order of their keys."""
    testers = sorted(range(len(fleet.testers)), key=lambda place: fleet.testers[place].key)
    servers = sorted(range(len(fleet.servers)), key=lambda place: fleet.servers[place].key)
    tester_to, server_to = _inverse(testers), _inverse(servers)
    rounds = []
    for facts in fleet.rounds:
        tester, server = tester_to[facts.tester], server_to[facts.server]
        order = np.lexsort((server, tester))
        rounds.append(
            RoundFacts(
                tester=tester[order],
                server=server[order],
                now_us=facts.now_us[order],
                low_us=facts.low_us[order],
                high_us=facts.high_us[order],
                baseline_us=facts.baseline_us[order],
                sent=facts.sent[order],
                answered=facts.answered[order],
                moved=facts.moved[order],
            )
        )
    return Fleet(
        regions=fleet.regions,
        testers=[fleet.testers[place] for place in testers],
        servers=[fleet.servers[place] for place in servers],
        rounds=rounds,
        untrusted=fleet.untrusted,
        floor_ratio=fleet.floor_ratio,
        path_floor_ratio={
            (int(tester_to[tester]), int(server_to[server])): ratio
            for (tester, server), ratio in fleet.path_floor_ratio.items()
        },
    )


def _inverse(order: Sequence[int]) -> Integers:
    found = np.zeros(len(order), dtype=np.int64)
    found[order] = np.arange(len(order))
    return found
