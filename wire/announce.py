"""What a tester says of itself: a run begins, I live."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from wire.fields import Fields, decode_object, encode_object, time_text
from wire.job import MAX_SERVERS
from wire.versions import REPORT_VERSION, REPORT_VERSIONS

TESTER_TIME_HEADER = "Tester-Time"
"""Every request of a tester carries its clock at the moment of sending (ISO 8601, UTC)."""

TESTER_STATES = ("starting", "waiting", "pinging", "delivering", "stopping")


@dataclass(frozen=True, kw_only=True, slots=True)
class Announcement:
    """A run is about to begin.

    `planned` is the number of results that its report will hold: one for each server address and
    one for each name that did not resolve. `of` is the sweep's number of runs, None for no end.
    `started_at` is by the tester's clock, `expected_s` what the run should take at most.
    """

    run_id: UUID
    tester_id: UUID
    sweep_id: UUID
    index: int
    of: int | None
    planned: int
    started_at: datetime
    expected_s: float

    def to_bytes(self) -> bytes:
        """Return the request body."""
        return encode_object(
            {
                "v": REPORT_VERSION,
                "run_id": str(self.run_id),
                "tester_id": str(self.tester_id),
                "sweep_id": str(self.sweep_id),
                "index": self.index,
                "of": self.of,
                "planned": self.planned,
                "started_at": time_text(self.started_at),
                "expected_s": self.expected_s,
            }
        )

    @classmethod
    def from_bytes(cls, body: bytes) -> "Announcement":
        """Return the announcement in a request body; raise `WireError`."""
        fields = Fields(decode_object(body))
        fields.version(what="announcement", known=REPORT_VERSIONS)
        return cls(
            run_id=fields.uuid("run_id"),
            tester_id=fields.uuid("tester_id"),
            sweep_id=fields.uuid("sweep_id"),
            index=fields.integer("index", least=0, most=2**31 - 1),
            of=fields.integer_or_none("of", least=1, most=2**31 - 1),
            planned=fields.integer("planned", least=0, most=MAX_SERVERS * 16),
            started_at=fields.time("started_at"),
            expected_s=fields.number("expected_s", least=0.0, most=31_536_000.0),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Heartbeat:
    """A tester lives, and this is what it is at.

    `spooled_*` count reports that wait for delivery, `rejected_count` those that the collector will
    never accept, `skipped_count` runs that were not begun because the spool was full.
    """

    tester_id: UUID
    state: str
    sweep_id: UUID | None = None
    run_id: UUID | None = None
    index: int | None = None
    of: int | None = None
    next_run_at: datetime | None = None
    spooled_count: int = 0
    spooled_bytes: int = 0
    rejected_count: int = 0
    skipped_count: int = 0
    last_error: str | None = None
    version: str = ""

    def to_bytes(self) -> bytes:
        """Return the request body."""
        return encode_object(
            {
                "v": REPORT_VERSION,
                "tester_id": str(self.tester_id),
                "state": self.state,
                "sweep_id": None if self.sweep_id is None else str(self.sweep_id),
                "run_id": None if self.run_id is None else str(self.run_id),
                "index": self.index,
                "of": self.of,
                "next_run_at": None if self.next_run_at is None else time_text(self.next_run_at),
                "spooled_count": self.spooled_count,
                "spooled_bytes": self.spooled_bytes,
                "rejected_count": self.rejected_count,
                "skipped_count": self.skipped_count,
                "last_error": self.last_error,
                "version": self.version,
            }
        )

    @classmethod
    def from_bytes(cls, body: bytes) -> "Heartbeat":
        """Return the heartbeat in a request body; raise `WireError`."""
        fields = Fields(decode_object(body))
        fields.version(what="heartbeat", known=REPORT_VERSIONS)
        counts: dict[str, Any] = {
            name: fields.integer(name, least=0, most=2**62)
            for name in ("spooled_count", "spooled_bytes", "rejected_count", "skipped_count")
        }
        return cls(
            tester_id=fields.uuid("tester_id"),
            state=fields.one_of("state", TESTER_STATES),
            sweep_id=fields.uuid_or_none("sweep_id"),
            run_id=fields.uuid_or_none("run_id"),
            index=fields.integer_or_none("index", least=0, most=2**31 - 1),
            of=fields.integer_or_none("of", least=1, most=2**31 - 1),
            next_run_at=fields.time_or_none("next_run_at"),
            last_error=fields.text_or_none("last_error"),
            version=fields.text("version", longest=100),
            **counts,
        )
