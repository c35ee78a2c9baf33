"""Some sweeps of a small fleet with a known truth, delivered as testers do."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from tests.collector.reads.a_house import NOON, Found, House
from wire.report import LOST

REGIONS: dict[str, dict[str, Any]] = {
    "oslo": {"region": "eu-north-1", "lat": 59.9, "lon": 10.7},
    "tokyo": {"region": "ap-northeast-1", "lat": 35.7, "lon": 139.7},
    "nowhere": {"region": "somewhere"},
}
GROUPS = {"ams1": "edge", "fra1": "edge", "dub-db": "core", "oslo": "peers", "tokyo": "peers"}
SILENT = "fra1"
"""The server that never answers anybody but oslo."""

PROBES = 20


@dataclass(frozen=True, kw_only=True)
class History:
    """What was delivered: the newest sweep and the testers by name."""

    fleet_id: UUID
    sweep_id: UUID
    testers: dict[str, UUID]


def base_us(tester: str, server: str) -> int:
    """Return what a path takes."""
    return 10_000 * (1 + list(REGIONS).index(tester)) + 1_000 * list(GROUPS).index(server)


def deliver_history(house: House, *, sweeps: int = 6, slowed: str | None = None) -> History:
    """Deliver sweeps an hour apart, the last at noon; in the last one a tester takes half as much again."""
    fleet_id = house.fleet(
        servers=[{"name": "ams1", "location": {"lat": 52.4, "lon": 4.9}}, {"name": "fra1"}]
    )
    testers = {name: house.tester(fleet_id, name, location=place) for name, place in REGIONS.items()}
    sweep_id = fleet_id
    for age in reversed(range(sweeps)):
        at = NOON - timedelta(hours=age)
        sweep_id = house.sweep(fleet_id, started_at=at)
        for name, tester_id in testers.items():
            house.report(
                tester_id,
                sweep_id,
                *(
                    Found(
                        server=server,
                        address=f"192.0.2.{number}",
                        group=group,
                        rtt_us=probes_of(name, server, is_slowed=name == slowed and age == 0),
                        details=TRACED if (name, server) == ("oslo", "ams1") else None,
                    )
                    for number, (server, group) in enumerate(GROUPS.items(), start=1)
                    if server != name
                ),
                started_at=at,
            )
    return History(fleet_id=fleet_id, sweep_id=sweep_id, testers=testers)


def probes_of(tester: str, server: str, *, is_slowed: bool = False) -> list[int]:
    """Return the probes of one run."""
    if server == SILENT and tester != "oslo":
        return [LOST] * PROBES
    us = base_us(tester, server) * (3 if is_slowed else 2) // 2
    return [us + 10 * number for number in range(PROBES)]


TRACED: dict[str, Any] = {
    "trace": {
        "reached": True,
        "hops": [
            {"ttl": 1, "addresses": ["192.0.2.254"], "rtt_us": [400, -1, 420], "kinds": ["time_exceeded"]},
            {"ttl": 2, "addresses": ["192.0.2.1"], "rtt_us": [10_000, 10_010, 10_020], "kinds": ["reply"]},
        ],
    }
}
