"""The rows and the columns of a matrix: who stands where, once filtered and put together."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Any

import numpy as np
import sqlalchemy as sa
from fastapi import Query

from collector.history.figures import Integers
from collector.history.queries import region_of
from collector.web.reads_answers import server_dict


class By(StrEnum):
    """What a column is: an address, all of a group, or a region that measures regions."""

    SERVER = "server"
    GROUP = "group"
    REGION = "region"


ByName = Annotated[
    By,
    Query(
        description="server: testers by addresses; group: testers by groups of servers;"
        " region: regions by the regions of testers that are servers"
    ),
]
Testers = Annotated[list[str] | None, Query(alias="tester", description="only these, by UUID or name")]
Regions = Annotated[list[str] | None, Query(alias="region", description="only testers of these regions")]
Servers = Annotated[list[str] | None, Query(alias="server", description="only these, by UUID or name")]
Groups = Annotated[list[str] | None, Query(alias="group", description="only servers of these groups")]


@dataclass(frozen=True, kw_only=True, slots=True)
class Only:
    """What is shown; an empty list is no filter."""

    testers: Sequence[str] = ()
    regions: Sequence[str] = ()
    servers: Sequence[str] = ()
    groups: Sequence[str] = ()

    def has_tester(self, row: sa.Row[Any]) -> bool:
        """Return whether a tester is shown."""
        named = not self.testers or row.name in self.testers or str(row.uuid) in self.testers
        return named and (not self.regions or region_of(row) in self.regions)

    def has_server(self, row: sa.Row[Any]) -> bool:
        """Return whether an address is shown."""
        named = not self.servers or row.name in self.servers or str(row.uuid) in self.servers
        return named and (not self.groups or row.group in self.groups)


@dataclass(frozen=True, kw_only=True, slots=True)
class Axis:
    """One side of a matrix: what each row or column is, and at which of them a number stands."""

    heads: list[dict[str, Any]] = field(default_factory=list)
    place: Mapping[int, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.heads)

    def places(self, numbers: Integers) -> Integers:
        """Return where each number stands, -1 for one that is not shown."""
        if not self.place or not len(numbers):
            return np.full(len(numbers), -1, dtype=np.int64)
        known = np.array(sorted(self.place), dtype=np.int64)
        there = np.array([self.place[number] for number in known.tolist()], dtype=np.int64)
        at = np.minimum(np.searchsorted(known, numbers), len(known) - 1)
        return np.where(known[at] == numbers, there[at], -1)


def tester_axis(heads: Mapping[int, dict[str, Any]], *, by: By) -> Axis:
    """Return the rows: testers by number, or their regions in the order of the alphabet."""
    if by is not By.REGION:
        return Axis(heads=list(heads.values()), place={number: at for at, number in enumerate(heads)})
    regions = sorted({head["region"] for head in heads.values()})
    made = [_region_head(region, [h for h in heads.values() if h["region"] == region]) for region in regions]
    at = {region: place for place, region in enumerate(regions)}
    return Axis(heads=made, place={number: at[head["region"]] for number, head in heads.items()})


def server_axis(rows: Sequence[sa.Row[Any]], *, by: By, testers: Iterable[sa.Row[Any]] = ()) -> Axis:
    """Return the columns: addresses, their groups, or the regions of those that are testers."""
    if by is By.SERVER:
        return Axis(
            heads=[server_dict(row) for row in rows], place={row.id: at for at, row in enumerate(rows)}
        )
    if by is By.GROUP:
        named = {row.id: str(row.group) for row in rows}
    else:
        # A tester that is measured has its own name as a server (`from: testers`).
        region = {row.name: region_of(row) for row in testers}
        named = {row.id: region[row.name] for row in rows if row.name in region}
    names = sorted(set(named.values()))
    at = {name: place for place, name in enumerate(names)}
    return Axis(
        heads=[_column_head(name, by=by) for name in names],
        place={number: at[name] for number, name in named.items()},
    )


def _region_head(region: str, members: Sequence[dict[str, Any]]) -> dict[str, Any]:
    trusted = any(member["trusted"] for member in members)
    return {
        "tester_id": None,
        "name": region,
        "region": region,
        "place": members[0]["place"],
        "trusted": trusted,
        "reason": None if trusted else next(member["reason"] for member in members),
    }


def _column_head(name: str, *, by: By) -> dict[str, Any]:
    return {
        "server_id": None,
        "name": name,
        "group": name if by is By.GROUP else None,
        "host": None,
        "address": None,
        "family": None,
    }
