"""What the routes share."""

import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime

import sqlalchemy as sa
from anyio import CapacityLimiter
from fastapi import Request

from collector.alerts.teller import Teller
from collector.ingest.queue import ReportQueue
from collector.metrics.own import OwnMetrics
from collector.settings import Settings
from collector.throttle import Failures
from collector.verdicts.evaluate import Judge
from collector.web.bodies import Room
from collector.web.kept import Kept
from collector.web.question import Question

MOST_EXPORTS = 4
"""Exports that are on their way at a time; each holds a connection and a state of the database."""

MOST_BYTES = 512 * 2**20
"""What reports may take while they arrive, all together."""

STORAGE_FAILURE_S = 60.0
"""How long a failed write keeps `/readyz` from saying ready, unless a later one succeeds."""


@dataclass(kw_only=True, slots=True)
class Storage:
    """How the last write went; it is told by `/readyz`."""

    failure: str | None = None
    failed_at_s: float = 0.0

    def failed(self, reason: str) -> None:
        """Remember that a write failed."""
        self.failure, self.failed_at_s = reason, time.monotonic()

    def succeeded(self) -> None:
        """Forget the failure."""
        self.failure = None

    def complaint(self) -> str | None:
        """Return what went wrong a short time ago, None where nothing did."""
        recent = time.monotonic() - self.failed_at_s < STORAGE_FAILURE_S
        return self.failure if recent else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Services:
    """The settings and ports of one collector.

    `stopping` is set when the process was told to stop: what waits on behalf of a client (an event
    stream) ends then. `report_slots` bounds how many reports are held decoded at a time, `bodies` what
    is held of bodies that are still on their way, `export_slots` how many exports hold a connection
    to the database. `usual` keeps baselines for a minute: they are of the past, and dear.
    """

    engine: sa.Engine
    settings: Settings
    reports: ReportQueue
    report_slots: CapacityLimiter
    judge: Judge
    alerts: Teller | None = None
    export_slots: threading.BoundedSemaphore = field(
        default_factory=lambda: threading.BoundedSemaphore(MOST_EXPORTS)
    )
    bodies: Room = field(default_factory=lambda: Room(most=MOST_BYTES))
    revision: Question[str | None] = field(default_factory=Question)
    stopping: threading.Event = field(default_factory=threading.Event)
    storage: Storage = field(default_factory=Storage)
    counts: OwnMetrics = field(default_factory=OwnMetrics)
    failures: Failures = field(default_factory=Failures)
    usual: Kept = field(default_factory=Kept)

    def now(self) -> datetime:
        """Return the collector's clock."""
        return datetime.now(UTC)


async def services(request: Request) -> Services:
    """Return the services of the application that serves a request (a dependency)."""
    found = request.app.state.services
    assert isinstance(found, Services)
    return found
