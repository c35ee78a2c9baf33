"""What a collector does from time to time: partitions ahead, old events away."""

import threading
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
import structlog

from collector.history.events import forget_events
from collector.history.partitions import Partitions
from collector.session import writing

EVERY_S = 600.0


class Housekeeper:
    """A thread that keeps house until it is told to stop."""

    def __init__(self, engine: sa.Engine, *, keep_events: timedelta) -> None:
        self._engine = engine
        self._keep_events = keep_events
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="housekeeper", daemon=True)

    def start(self) -> None:
        """Begin, with the first round at once."""
        self._thread.start()

    def stop(self, *, deadline_s: float = 10.0) -> None:
        """End, after the round that is under way; the process does not wait longer than told."""
        self._stop.set()
        self._thread.join(deadline_s)

    def keep_house(self, now: datetime) -> None:
        """Do one round."""
        if self._engine.dialect.name == "postgresql":
            Partitions(self._engine).make_ahead(now)
        with writing(self._engine) as connection:
            forget_events(connection, now=now, keep=self._keep_events)

    def _run(self) -> None:
        log = structlog.get_logger("collector")
        while True:
            try:
                self.keep_house(datetime.now(UTC))
            except sa.exc.SQLAlchemyError as error:
                # The database may be away for a while; reports are refused meanwhile, and the next
                # round does what this one could not.
                log.warning("housekeeping.skipped", reason=type(error).__name__)
            if self._stop.wait(EVERY_S):
                return
