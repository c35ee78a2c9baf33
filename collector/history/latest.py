"""The newest results of each tester, packed into one row (`latest`)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from collector.tables import latest
from collector.upsert import insert_into

COLUMNS = ("server", "state", "sent", "answered", "min_us", "p50_us", "max_us", "mean_us", "dev_us")
"""int32 each, one column after another; -1 stands for null, `state` is a place in `RESULT_STATES`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Newest:
    """A run that may be its tester's newest; `ts` in the form of the table."""

    tester_number: int
    run_id: Any
    ts: Any
    trusted: bool
    figures: bytes


def packed(columns: Sequence[NDArray[Any]]) -> bytes:
    """Return the figures of a run."""
    return np.concatenate([column.astype("<i4") for column in columns]).tobytes()


def unpacked(figures: bytes) -> dict[str, list[int]]:
    """Return the columns by name."""
    table = np.frombuffer(figures, dtype="<i4").reshape(len(COLUMNS), -1)
    return {name: column.tolist() for name, column in zip(COLUMNS, table, strict=True)}


def keep_latest(connection: sa.Connection, found: Sequence[Newest]) -> None:
    """Replace what is older."""
    newest: dict[int, Newest] = {}
    for item in found:
        known = newest.get(item.tester_number)
        if known is None or known.ts <= item.ts:
            newest[item.tester_number] = item
    if not newest:
        return
    statement = insert_into(connection, latest)
    fresh = statement.excluded
    statement = statement.on_conflict_do_update(
        index_elements=["tester_id"],
        set_={name: fresh[name] for name in ("run_id", "ts", "trusted", "figures")},
        where=latest.c.ts <= fresh.ts,
    )
    # In the order of their numbers, so that two transactions never wait for each other in a circle.
    connection.execute(
        statement,
        [
            {
                "tester_id": item.tester_number,
                "run_id": item.run_id,
                "ts": item.ts,
                "trusted": item.trusted,
                "figures": item.figures,
            }
            for _, item in sorted(newest.items())
        ],
    )
