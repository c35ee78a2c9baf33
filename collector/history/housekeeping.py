"""What a collector does from time to time: rollups, partitions ahead, what is too old away."""

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

import sqlalchemy as sa
import structlog

from collector.history.events import forget_events
from collector.history.partitions import PARTITIONED, Partitions
from collector.history.retention import Keep, Removed, prune
from collector.history.rollups import Roller
from collector.session import writing

ROLL_UP_EVERY_S = 30.0
TIDY_EVERY_S = 600.0


class Watch(Protocol):
    """Hears what a housekeeper does."""

    def rolled_up(self, hours: int) -> None:
        """A round of the rollup job has ended, and so many hours of one tester were done."""

    def removed(self, removed: Removed) -> None:
        """Retention has removed something."""

    def failed(self, error: sa.exc.SQLAlchemyError) -> None:
        """The database has failed a round."""


class Housekeeper:
    """A thread that keeps house until it is told to stop; any number of collectors may have one."""

    def __init__(
        self, engine: sa.Engine, *, keep_events: timedelta, keep: Keep, watch: Watch | None = None
    ) -> None:
        self._engine = engine
        self._watch = watch
        self._keep_events = keep_events
        self._keep = keep
        self._roller = Roller(engine)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="housekeeper", daemon=True)

    def start(self) -> None:
        """Begin, with the first round at once."""
        self._thread.start()

    def stop(self, *, deadline_s: float = 10.0) -> None:
        """End, after what is under way; the process does not wait longer than told."""
        self._stop.set()
        self._thread.join(deadline_s)

    def tidy(self, now: datetime) -> None:
        """Make partitions ahead, and remove what is too old."""
        if self._engine.dialect.name == "postgresql":
            for periods in PARTITIONED:
                Partitions(self._engine, periods).make_ahead(now)
        with writing(self._engine) as connection:
            forget_events(connection, now=now, keep=self._keep_events)
        for removed in prune(self._engine, self._keep, now=now):
            if self._watch is not None:
                self._watch.removed(removed)
            structlog.get_logger("collector").info(
                "retention.removed", what=removed.what, before=removed.before.isoformat(), rows=removed.rows
            )

    def _run(self) -> None:
        log = structlog.get_logger("collector")
        tidied: float | None = None
        while True:
            try:
                if tidied is None or time.monotonic() - tidied >= TIDY_EVERY_S:
                    self.tidy(datetime.now(UTC))
                    tidied = time.monotonic()
                hours = self._roller.roll_up(datetime.now(UTC), stopping=self._stop.is_set)
                if self._watch is not None:
                    self._watch.rolled_up(hours)
            except sa.exc.SQLAlchemyError as error:
                # The database may be away for a while; reports are refused meanwhile, and the next
                # round does what this one could not.
                if self._watch is not None:
                    self._watch.failed(error)
                log.warning("housekeeping.skipped", reason=type(error).__name__)
            if self._stop.wait(ROLL_UP_EVERY_S):
                return
