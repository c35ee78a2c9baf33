"""The original's testers and servers, as a fleet of this collector."""

import ipaddress
import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4, uuid5

import sqlalchemy as sa

from collector.ingest.legacy import FLEET_ID
from collector.ingest.servers import server_uuid
from collector.original.count import Count
from collector.original.source import Row
from collector.tables import fleets, servers, testers

NOBODY = uuid5(FLEET_ID, "results without a tester")
"""The tester of results that name none: always the same, so that they are never stored twice."""

LONGEST_NAME = 63
LONGEST_LABEL = 255
UNFIT = re.compile(r"[^A-Za-z0-9._-]+")
CONTROL = re.compile(r"[\x00-\x1f\x7f]+")


class OriginalFleet:
    """The fleet that an original database becomes: found by its name, or made.

    It has a UUID of its own, as hosts of a cloud are told apart by it.
    """

    def __init__(self, connection: sa.Connection, name: str, *, now: datetime) -> None:
        self._connection = connection
        self._now = now
        if connection.dialect.name == "postgresql":
            # Two imports at once make one fleet.
            connection.exec_driver_sql("LOCK TABLE fleets, testers IN SHARE ROW EXCLUSIVE MODE")
        found = connection.execute(sa.select(fleets).where(fleets.c.name == name)).one_or_none()
        if found is None:
            found = connection.execute(
                sa.insert(fleets)
                .values(
                    uuid=uuid4(),
                    name=name,
                    spec={"version": 1},
                    registered_at=now,
                    registered_by="collector import-original",
                )
                .returning(fleets)
            ).one()
        self.number: int = found.id
        self.uuid: UUID = found.uuid
        self._spec: dict[str, Any] = dict(found.spec)

    def import_testers(self, rows: Iterable[Row]) -> Count:
        """Register testers under the UUIDs that they have; those that are known stay as they are."""
        count = Count()
        names = set(
            self._connection.execute(
                sa.select(testers.c.name).where(testers.c.fleet_id == self.number)
            ).scalars()
        )
        for row in sorted(rows, key=lambda row: str(row["id"])):
            count.read += 1
            uuid = _uuid(row["id"])
            if uuid is None:
                count.refuse(row["id"], "its id is no UUID")
                continue
            if self._knows(uuid, count):
                continue
            given = row["name"] or ""
            name = _fitting_name(given) or str(uuid)
            if name in names:
                name = f"{name[: LONGEST_NAME - 9]}-{uuid.hex[:8]}"
            names.add(name)
            if name != given:
                count.notes.append(f"tester {_shown(given or str(uuid))} is called {name} here")
            config, note = _config(row["config"])
            if note:
                count.notes.append(f"tester {name}: {note}")
            self._add_tester(uuid, name, row["location"], row["vps_provider"], config)
            count.imported += 1
        return count

    def import_servers(self, rows: Iterable[Row]) -> Count:
        """Register servers, and put them into the fleet's spec, so that they can be measured."""
        count = Count()
        all_rows = sorted(rows, key=lambda row: str(row["id"]))
        entries = [entry for entry in self._spec.get("servers") or [] if isinstance(entry, dict)]
        listed = {entry.get("name") for entry in entries}
        for row, name in zip(all_rows, _server_names(all_rows), strict=True):
            count.read += 1
            address = row["ip_addr"]
            version = None if address is None else _version(address)
            if not name:
                count.refuse(row["id"], "it has neither a name nor an address")
            elif address is not None and version is None:
                count.refuse(row["id"], "its ip_addr is no address of one host")
            else:
                if self._add_server(row, name, version):
                    count.imported += 1
                else:
                    count.already += 1
                if name not in listed:
                    listed.add(name)
                    entries.append(_entry(row, name))
        if entries != (self._spec.get("servers") or []):
            self._spec["servers"] = entries
            self._connection.execute(
                sa.update(fleets).where(fleets.c.id == self.number).values(spec=self._spec)
            )
        return count

    def tester_number(self, uuid: UUID) -> int:
        """Return the number of a tester of results, which is registered as retired where none has its id."""
        known: int | None = self._connection.execute(
            sa.select(testers.c.id).where(testers.c.uuid == uuid)
        ).scalar_one_or_none()
        if known is not None:
            return known
        name = f"unknown-{uuid.hex[:8]}" if uuid == NOBODY else str(uuid)
        return self._add_tester(uuid, name, None, None, {}, retired_at=self._now)

    def _knows(self, uuid: UUID, count: Count) -> bool:
        known = self._connection.execute(
            sa.select(testers.c.name, testers.c.fleet_id, fleets.c.name.label("fleet"))
            .join(fleets, fleets.c.id == testers.c.fleet_id)
            .where(testers.c.uuid == uuid)
        ).one_or_none()
        if known is None:
            return False
        count.already += 1
        if known.fleet_id != self.number:
            count.notes.append(f"tester {known.name} is in fleet {known.fleet} already, and stays there")
        return True

    def _add_tester(
        self,
        uuid: UUID,
        name: str,
        location: str | None,
        provider: str | None,
        config: dict[str, Any],
        *,
        retired_at: datetime | None = None,
    ) -> int:
        number: int = self._connection.execute(
            sa.insert(testers)
            .values(
                uuid=uuid,
                fleet_id=self.number,
                name=name,
                location=location,
                vps_provider=provider,
                config=config,
                created_at=self._now,
                retired_at=retired_at,
            )
            .returning(testers.c.id)
        ).scalar_one()
        return number

    def _add_server(self, row: Row, name: str, version: int | None) -> bool:
        """Return whether a server is new; its id is the one that reports will find it by."""
        address = row["ip_addr"]
        uuid = server_uuid(self.uuid, name=name, address=address, port=None, probe_type="icmp")
        if self._connection.execute(sa.select(servers.c.id).where(servers.c.uuid == uuid)).first():
            return False
        self._connection.execute(
            sa.insert(servers).values(
                uuid=uuid,
                fleet_id=self.number,
                name=name,
                ip_addr=address,
                family=version,
                probe_type="icmp",
                host=address or name,
                location=row["location"],
                group="",
                config=_json(row["config"]),
            )
        )
        return True


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text or "")
    except ValueError:
        return None


def _version(address: str) -> int | None:
    try:
        return ipaddress.ip_address(address).version
    except ValueError:
        return None


def _fitting_name(name: str) -> str:
    """Return a name that a fleet file may have: it becomes a part of host names."""
    return UNFIT.sub("-", name).strip("-._")[:LONGEST_NAME].rstrip("-._")


def _server_names(rows: Sequence[Row]) -> list[str]:
    """Return a name for each server; those that share one are told apart by their addresses."""
    plain = [CONTROL.sub(" ", row["name"] or row["ip_addr"] or "").strip() for row in rows]
    shared = {name for name, times in Counter(plain).items() if times > 1}
    return [
        (f"{name[: LONGEST_LABEL - 46]} {row['ip_addr']}" if name in shared and row["ip_addr"] else name)[
            :LONGEST_LABEL
        ]
        for name, row in zip(plain, rows, strict=True)
    ]


def _entry(row: Row, name: str) -> dict[str, Any]:
    """Return a server as fleet.yaml has it."""
    entry: dict[str, Any] = {"name": name, "host": row["ip_addr"] or name}
    if row["location"]:
        entry["location"] = {"region": CONTROL.sub(" ", row["location"])[:LONGEST_LABEL]}
    return entry


def _config(text: str | None) -> tuple[dict[str, Any], str | None]:
    """Return a tester's config, and what there is to say about it."""
    value = _json(text)
    if isinstance(value, dict):
        return value, None
    return {}, None if value is None else "its config is no object of keys and values: left out"


def _json(text: str | None) -> Any:
    try:
        return None if text is None else json.loads(text)
    except ValueError:
        return text


def _shown(name: str) -> str:
    return json.dumps(name, ensure_ascii=True)
