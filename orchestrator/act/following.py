"""Keeps the runs of a sweep as the collector has them."""

import time
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from orchestrator.act.listening import Listening, News
from orchestrator.act.ports import Ports
from orchestrator.act.sweep_runs import SweepRuns
from orchestrator.collector_client import CollectorError
from orchestrator.events import Note

READ_EVERY_S = 60.0
"""Events tell everything; a look from time to time sees that they did."""

PASSING_FAILURES = 3
"""Streams in a row that fail as they do while a collector starts, until that is told."""


@dataclass(kw_only=True, slots=True)
class Following:
    """Takes runs from events, and asks for all of them where events do not reach.

    That is before the stream of events stands, behind a gap in it, and while there is none.
    """

    runs: SweepRuns
    ports: Ports
    _listening: Listening = field(init=False)
    _filled: int = 0
    _read_at: float | None = None
    _moved: object = None
    _is_live: bool = False
    _is_said: bool = False
    _blamed: int = 0
    _seen_failures: int = 0

    def __post_init__(self) -> None:
        self._listening = Listening(
            self.ports.access.client,
            sweep_id=self.runs.sweep.sweep_id,
            silent_s=self.ports.patience.events_deadline_s,
        )

    def listening(self) -> AbstractContextManager[object]:
        """Listen within; without it every run is asked for each time. Only once."""
        return self._listening

    def wait(self, within_s: float) -> None:
        """Wait until something was told, not longer than `within_s`."""
        self._listening.wait(within_s)

    @property
    def is_live(self) -> bool:
        """Whether events told everything when the runs were last brought up to now."""
        return self._is_live

    def keep_up(self, *, moved: object) -> None:
        """Bring the runs up to now; raise `CollectorError`.

        `moved` is anything that differs once something else has happened than runs: whoever saw a tester
        leave has to know what it had delivered by then.
        """
        news = self._listening.take()
        self._blame(news)
        is_told = self.runs.take(news.events)
        is_filled = news.is_live and news.gaps == self._filled and moved == self._moved
        if not is_told or not is_filled or self._is_due():
            self.read()
            self._filled, self._moved = news.gaps, moved
        self._is_live = news.is_live
        self._say(news)

    def read(self) -> None:
        """Ask for all runs; raise `CollectorError`."""
        # Until it has succeeded, there is a gap.
        self._filled = -1
        try:
            self.runs.read()
        except CollectorError:
            self._blamed = 0
            raise
        finally:
            # A question is asked until it is answered: the collector may have been away all the while.
            self._seen_failures = self._listening.failures
        self._read_at = time.monotonic()

    def _is_due(self) -> bool:
        return self._read_at is None or time.monotonic() - self._read_at >= READ_EVERY_S

    def _blame(self, news: News) -> None:
        """Count the streams that failed while questions were answered; an absence is told elsewhere."""
        if news.failures == 0:
            self._blamed = self._seen_failures = 0
        self._blamed += max(0, news.failures - self._seen_failures)
        self._seen_failures = max(self._seen_failures, news.failures)

    def _say(self, news: News) -> None:
        """Say once that there are no events, and once that they have come after all."""
        if self._blamed >= (PASSING_FAILURES if news.is_passing else 1) and not self._is_said:
            self._is_said = True
            self._note(f"sends no events ({news.trouble}); its runs are asked for instead", level="warning")
        elif news.is_live and self._is_said:
            self._is_said = False
            self._note("sends events again", level="info")

    def _note(self, text: str, *, level: str) -> None:
        text = f"the collector at {self.ports.access.url} {text}"
        self.ports.emit(Note(time=self.ports.clock(), level=level, text=text))
