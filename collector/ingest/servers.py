"""Numbers of servers, minted when a report first names one."""

import json
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from uuid import UUID, uuid5

import numpy as np
import sqlalchemy as sa

from collector.ingest.columns import Columns
from collector.ingest.numbers import Ints
from collector.tables import servers
from collector.upsert import insert_into

MAX_CACHED = 1_000_000
MAX_CACHED_NUMBERS = 1_000_000
CHUNK = 500

Key = tuple[int, str, str | None, int | None, str]
"""Fleet number, name, address, port, probe type: what a server is."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """A server's number, and the labels that it had last."""

    number: int
    group: str
    host: str


class Servers:
    """Finds the number of each row's server, from memory where it can.

    What a transaction minted is remembered only after its commit (`remember`).
    """

    def __init__(self) -> None:
        self._known: dict[Key, Known] = {}
        self._numbers: dict[tuple[int, bytes], Ints] = {}
        self._numbers_count = 0
        self._changes = 0
        self._lock = threading.Lock()

    def numbers(
        self, connection: sa.Connection, *, fleet_number: int, fleet_id: UUID, columns: Columns
    ) -> tuple[Ints, dict[Key, Known]]:
        """Return the number of each row's server, and what `remember` is to be told."""
        whole = (fleet_number, columns.digest)
        with self._lock:
            changes = self._changes
            if columns.digest and (numbers := self._numbers.get(whole)) is not None:
                return numbers, {}
        keys: list[Key] = [
            (fleet_number, *identity)
            for identity in zip(
                columns.server, columns.address, columns.port, columns.probe_type, strict=True
            )
        ]
        found = self._from_memory(keys)
        missing = [row for row, key in enumerate(keys) if key not in found]
        fresh: dict[Key, Known] = {}
        if missing:
            fresh = _from_database(connection, fleet_id, keys, missing, columns)
        changed = self._changed(connection, keys, found | fresh, columns)
        known = found | fresh | changed
        numbers = np.array([known[key].number for key in keys], dtype=np.int32)
        if columns.digest and not (fresh or changed):
            self._remember_numbers(whole, numbers, changes)
        return numbers, fresh | changed

    def remember(self, known: dict[Key, Known]) -> None:
        """Keep what a committed transaction found."""
        with self._lock:
            if len(self._known) + len(known) > MAX_CACHED:
                self._known.clear()
            self._known.update(known)
            if known:
                # Labels of another report may stand now.
                self._forget_numbers()

    def _remember_numbers(self, whole: tuple[int, bytes], numbers: Ints, changes: int) -> None:
        """Keep the numbers of a report without news, unless there was news meanwhile."""
        with self._lock:
            if self._numbers_count + len(numbers) > MAX_CACHED_NUMBERS:
                self._forget_numbers()
            elif changes == self._changes and whole not in self._numbers:
                self._numbers[whole] = numbers
                self._numbers_count += len(numbers)

    def _forget_numbers(self) -> None:
        self._numbers.clear()
        self._numbers_count = 0
        self._changes += 1

    def _from_memory(self, keys: list[Key]) -> dict[Key, Known]:
        with self._lock:
            return {key: self._known[key] for key in keys if key in self._known}

    def _changed(
        self, connection: sa.Connection, keys: list[Key], known: dict[Key, Known], columns: Columns
    ) -> dict[Key, Known]:
        """Write labels that are other than before: the last report's stand."""
        changed = {
            key: Known(number=known[key].number, group=group, host=host)
            for key, group, host in zip(keys, columns.group, columns.host, strict=True)
            if (known[key].group, known[key].host) != (group, host)
        }
        # In one order everywhere, so that two reports never wait for each other in a circle.
        for server in sorted(changed.values(), key=lambda server: server.number):
            connection.execute(
                sa.update(servers)
                .where(servers.c.id == server.number)
                .values(group=server.group, host=server.host)
            )
        return changed


def server_uuid(fleet_id: UUID, *, name: str, address: str | None, port: int | None, probe_type: str) -> UUID:
    """Return the id of a server, the same wherever it is computed (RFC 9562, version 5)."""
    return uuid5(fleet_id, json.dumps([name, address, port, probe_type]))


def _from_database(
    connection: sa.Connection, fleet_id: UUID, keys: list[Key], missing: list[int], columns: Columns
) -> dict[Key, Known]:
    row_of = {
        server_uuid(fleet_id, name=name, address=address, port=port, probe_type=probe_type): row
        for row in missing
        for _, name, address, port, probe_type in (keys[row],)
    }
    stored = _select(connection, row_of)
    # Sorted, so that two reports that mint the same servers never wait for each other in a circle.
    absent = sorted(uuid for uuid in row_of if uuid not in stored)
    if absent:
        _insert(connection, absent, row_of, keys, columns)
        stored |= _select(connection, absent)
    return {keys[row]: stored[uuid] for uuid, row in row_of.items()}


def _select(connection: sa.Connection, uuids: Iterable[UUID]) -> dict[UUID, Known]:
    found: dict[UUID, Known] = {}
    for chunk in _chunks(uuids):
        rows = connection.execute(
            sa.select(servers.c.uuid, servers.c.id, servers.c.group, servers.c.host).where(
                servers.c.uuid.in_(chunk)
            )
        )
        found |= {row.uuid: Known(number=row.id, group=row.group, host=row.host) for row in rows}
    return found


def _insert(
    connection: sa.Connection, uuids: list[UUID], row_of: dict[UUID, int], keys: list[Key], columns: Columns
) -> None:
    # No index is named: of two that insert the same at one moment, one may meet the other in either.
    insert = insert_into(connection, servers).on_conflict_do_nothing()
    for chunk in _chunks(uuids):
        connection.execute(
            insert,
            [
                {
                    "uuid": uuid,
                    "fleet_id": keys[row][0],
                    "name": columns.server[row],
                    "ip_addr": columns.address[row],
                    "family": columns.family[row],
                    "port": columns.port[row],
                    "probe_type": columns.probe_type[row],
                    "host": columns.host[row],
                    "group": columns.group[row],
                }
                for uuid in chunk
                for row in (row_of[uuid],)
            ],
        )


def _chunks(uuids: Iterable[UUID]) -> Iterator[list[UUID]]:
    rest = iter(uuids)
    while chunk := list(islice(rest, CHUNK)):
        yield chunk
