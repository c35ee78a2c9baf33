"""The original's results, a batch at a time, into `legacy_results` as they are."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from collector.ingest.legacy import FIELDS
from collector.original.count import Count
from collector.original.fleet import NOBODY, OriginalFleet
from collector.original.source import Row
from collector.session import writing
from collector.tables import legacy_results
from collector.upsert import insert_into

BATCH = 1_000
BATCH_CHARACTERS = 4_000_000
"""Of texts: a batch ends with the row that reaches it, so that long rows take no more memory."""


def import_results(engine: sa.Engine, rows: Iterable[Row], *, fleet: str, now: datetime) -> Iterator[Count]:
    """Store results once by their ids; yield the count so far after each batch, which is committed.

    A result of a tester that the original does not have any more is kept under its UUID.
    """
    count = Count()
    numbers: dict[UUID, int] = {}
    for batch in _batches(rows):
        count.read += len(batch)
        taken = [one for row in batch if (one := _values(row, count)) is not None]
        with writing(engine) as connection:
            found = dict(numbers)
            unknown = sorted({tester for tester, _ in taken} - found.keys())
            if unknown:
                original = OriginalFleet(connection, fleet, now=now)
                found |= {tester: original.tester_number(tester) for tester in unknown}
            by_tester: dict[int, list[dict[str, object]]] = {}
            for tester, values in taken:
                number = found[tester]
                by_tester.setdefault(number, []).append(values | {"tester_id": number, "received_at": now})
            # A batch belongs to one tester (Citus), and is counted by what it returns.
            stored = sum(_store(connection, group) for group in by_tester.values())
        numbers = found
        count.imported += stored
        count.already += len(taken) - stored
        yield count
    if not count.read:
        yield count


def _store(connection: sa.Connection, values: list[dict[str, object]]) -> int:
    statement = insert_into(connection, legacy_results).on_conflict_do_nothing()
    return len(connection.execute(statement.returning(legacy_results.c.id), values).all())


def _values(row: Row, count: Count) -> tuple[UUID, dict[str, object]] | None:
    """Return whose result it is and what the table holds of it; count one that it cannot hold."""
    ids = []
    for name, text in (("id", row["id"]), ("tester_id", row["tester_id"] or str(NOBODY))):
        try:
            ids.append(UUID(text or ""))
        except ValueError:
            count.refuse(row["id"], f"its {name} is no UUID")
            return None
    result, tester = ids
    return tester, {"id": result} | {column: row[field] for field, column in FIELDS.items()}


def _batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    batch: list[Row] = []
    characters = 0
    for row in rows:
        batch.append(row)
        characters += sum(len(text) for text in row.values() if text is not None)
        if len(batch) >= BATCH or characters >= BATCH_CHARACTERS:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch
