"""What a collector does from time to time: rollups, partitions ahead, what is too old away."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol

import psycopg
import sqlalchemy as sa
import structlog

from collector.history.events import forget_events
from collector.history.keep import Keep
from collector.history.partitions import PARTITIONED, Partitions
from collector.history.retention import Old, prune
from collector.history.rollups import Roller
from collector.session import writing

ROLL_UP_EVERY_S = 30.0
TIDY_EVERY_S = 600.0


class Watch(Protocol):
    """Hears what a housekeeper does."""

    def rolled_up(self, hours: int) -> None:
        """A round of the rollup job has ended, and so many hours of one tester were done."""

    def removed(self, removed: Old) -> None:
        """Retention has removed something."""

    def failed(self, error: sa.exc.SQLAlchemyError | psycopg.Error) -> None:
        """The database has failed a step."""


class Housekeeper:
    """A thread that keeps house until it is told to stop; any number of collectors may have one."""

    def __init__(
        self,
        engine: sa.Engine,
        *,
        keep_events: timedelta,
        keep: Keep,
        watch: Watch | None = None,
        judge: Callable[[datetime, Callable[[], bool]], object] | None = None,
    ) -> None:
        self._engine = engine
        self._watch = watch
        self._keep_events = keep_events
        self._keep = keep
        # What stands on history is handed in: history imports nothing of it.
        self._judge = judge
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

    def tidy(self, now: datetime) -> bool:
        """Make partitions ahead, and remove what is too old; return whether all of it was done."""
        # None waits for the one before to succeed.
        done = [self._tried(step, now) for step in (self._make_ahead, self._forget_events, self._prune)]
        return all(done)

    def roll_up(self, now: datetime) -> bool:
        """Make the rollups that are due; return whether it was done."""
        return self._tried(self._roll_up, now)

    def _roll_up(self, now: datetime) -> None:
        hours = self._roller.roll_up(now, stopping=self._stop.is_set)
        if self._watch is not None:
            self._watch.rolled_up(hours)

    def _judge_due(self, now: datetime) -> None:
        assert self._judge is not None
        self._judge(now, self._stop.is_set)

    def _make_ahead(self, now: datetime) -> None:
        if self._engine.dialect.name == "postgresql":
            for periods in PARTITIONED:
                Partitions(self._engine, periods).make_ahead(now)

    def _forget_events(self, now: datetime) -> None:
        with writing(self._engine) as connection:
            forget_events(connection, now=now, keep=self._keep_events)

    def _prune(self, now: datetime) -> None:
        for old in prune(self._engine, self._keep, now=now):
            if old.held is None:
                if self._watch is not None:
                    self._watch.removed(old)
                structlog.get_logger("collector").info(
                    "retention.removed", what=old.what, before=old.before.isoformat(), rows=old.rows
                )

    def _tried(self, step: Callable[[datetime], object], now: datetime) -> bool:
        """Do a step; what fails is tried again in the next round, and keeps no other from being done."""
        log = structlog.get_logger("collector")
        try:
            step(now)
        except (sa.exc.SQLAlchemyError, psycopg.Error) as error:
            # The database may be away for a while; reports are refused meanwhile.
            if self._watch is not None:
                self._watch.failed(error)
            log.warning("housekeeping.skipped", reason=type(error).__name__)
        except Exception:
            # A fault in one step would otherwise end all rollups until the next start.
            log.exception("housekeeping.failed")
        else:
            return True
        return False

    def _run(self) -> None:
        tidied: float | None = None
        while True:
            if (tidied is None or time.monotonic() - tidied >= TIDY_EVERY_S) and self.tidy(datetime.now(UTC)):
                tidied = time.monotonic()
            self.roll_up(datetime.now(UTC))
            if self._judge is not None:
                self._tried(self._judge_due, datetime.now(UTC))
            if self._stop.wait(ROLL_UP_EVERY_S):
                return
