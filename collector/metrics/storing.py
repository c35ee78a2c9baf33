"""Counts what the queue of reports has stored."""

import time
from collections.abc import Sequence

from collector.errors import Refused
from collector.ingest.queue import Store
from collector.ingest.reports import Delivery, Stored
from collector.metrics.own import OwnMetrics


def counted(store: Store, own: OwnMetrics) -> Store:
    """Return what stores reports as `store` does, and counts them.

    Refusals are counted where they are answered, with those of reports that never come this far.
    """

    def store_and_count(deliveries: Sequence[Delivery]) -> list[Stored | Refused]:
        begun = time.perf_counter()
        committed = False
        try:
            outcomes = store(deliveries)
            committed = True
        finally:
            own.transaction(committed=committed, seconds=time.perf_counter() - begun)
        for outcome in outcomes:
            if isinstance(outcome, Stored):
                if outcome.repeated:
                    own.repeated()
                else:
                    own.stored(results=outcome.rows)
        return outcomes

    return store_and_count
