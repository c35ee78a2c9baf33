"""A thread that holds rules against what was found, and tells it."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

import psycopg
import sqlalchemy as sa
import structlog

from collector.alerts.deliveries import (
    Claimed,
    Delivery,
    Outcome,
    claim,
    give_up_old,
    settle,
    waiting_count,
)
from collector.alerts.evaluate import evaluate_due
from collector.alerts.program import run
from collector.alerts.rules import Receiver, Rules, Webhook
from collector.alerts.webhook import post

EVERY_S = 10.0
TIDY_EVERY_S = 600.0


class Watch(Protocol):
    """Hears what a teller does."""

    def evaluated(self, occasions: int) -> None:
        """So many rounds and ends of sweeps were held against the rules."""

    def told(self, receiver: str, outcome: str) -> None:
        """An attempt has ended: `delivered`, `failed` where another follows, or `given_up`."""

    def alerts_wait(self, count: int) -> None:
        """So many messages wait."""

    def failed(self, error: sa.exc.SQLAlchemyError | psycopg.Error) -> None:
        """The database has failed a step."""


class Teller:
    """Evaluates and delivers until it is told to stop; any number of collectors may have one."""

    def __init__(
        self,
        engine: sa.Engine,
        rules: Rules,
        *,
        watch: Watch | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._engine = engine
        self._rules = rules
        self._watch = watch
        self._clock = clock
        self._stopping = threading.Event()
        self._nudged = threading.Event()
        self._thread = threading.Thread(target=self._run, name="alerts", daemon=True)

    def start(self) -> None:
        """Begin, with the first look at once."""
        self._thread.start()

    def nudge(self) -> None:
        """Look now: something was found."""
        self._nudged.set()

    def stop(self, *, deadline_s: float = 10.0) -> None:
        """End; what is under way is given up, and told later."""
        self._stopping.set()
        self._nudged.set()
        if self._thread.ident is not None:
            self._thread.join(deadline_s)

    def evaluate(self) -> int:
        """Hold the rules against what was noted; return how many occasions that were."""
        done = evaluate_due(self._engine, self._rules, now=self._clock(), stopping=self._stopping.is_set)
        if self._watch is not None:
            self._watch.evaluated(done)
        return done

    def deliver(self) -> int:
        """Deliver what waits and whose time has come; return how many messages arrived."""
        arrived = sum(self._deliver_to(receiver) for receiver in self._rules.receivers)
        if self._watch is not None:
            self._watch.alerts_wait(waiting_count(self._engine))
        return arrived

    def _deliver_to(self, receiver: Receiver) -> int:
        arrived = 0
        while not self._stopping.is_set():
            claimed = claim(self._engine, receiver.name, now=self._clock(), timeout_s=receiver.by.timeout_s)
            if claimed is None:
                break
            outcome = send(receiver, claimed.message, stopping=self._stopping.is_set)
            state = settle(self._engine, claimed, outcome, now=self._clock())
            self._log(receiver, claimed, outcome, state)
            arrived += state is Delivery.DELIVERED
            if state is Delivery.WAITING:
                # What is behind it would fare no better.
                break
        return arrived

    def _log(self, receiver: Receiver, claimed: Claimed, outcome: Outcome, state: Delivery) -> None:
        log = structlog.get_logger("collector")
        facts = {
            "receiver": receiver.name,
            "rule": claimed.message.get("rule"),
            "id": str(claimed.key),
            "attempt": claimed.attempt,
            "note": outcome.note,
        }
        if state is Delivery.DELIVERED:
            log.info("alert.delivered", **facts)
        elif state is Delivery.WAITING:
            log.warning("alert.failed", **facts)
        else:
            log.error("alert.given_up", **facts)
        if self._watch is not None:
            self._watch.told(receiver.name, "failed" if state is Delivery.WAITING else state.value)

    def _tidy(self) -> None:
        if given_up := give_up_old(self._engine, now=self._clock()):
            structlog.get_logger("collector").error("alert.given_up", messages=given_up)

    def _tried(self, step: Callable[[], object]) -> None:
        log = structlog.get_logger("collector")
        try:
            step()
        except (sa.exc.SQLAlchemyError, psycopg.Error) as error:
            # The database may be away for a while; nothing is lost by it.
            if self._watch is not None:
                self._watch.failed(error)
            log.warning("alerts.skipped", reason=type(error).__name__)
        except Exception:
            # A fault in one step would otherwise end all alerts until the next start.
            log.exception("alerts.failed")

    def _run(self) -> None:
        tidied: float | None = None
        while not self._stopping.is_set():
            self._tried(self.evaluate)
            self._tried(self.deliver)
            if tidied is None or time.monotonic() - tidied >= TIDY_EVERY_S:
                self._tried(self._tidy)
                tidied = time.monotonic()
            self._nudged.wait(EVERY_S)
            # Before the next look, which sees what came until here; `stop` is seen after it.
            self._nudged.clear()


def send(
    receiver: Receiver, message: dict[str, object], *, stopping: Callable[[], bool] = lambda: False
) -> Outcome:
    """Give a message to a receiver, once."""
    by = receiver.by
    return post(by, message) if isinstance(by, Webhook) else run(by, message, stopping=stopping)
