"""What a run found.

A report is columnar: one list per field, all of one length, a row for each server address. RTTs
stand in one flat list by position, `planned[row]` of them for each row, in microseconds or as one
of the codes below.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from wire.errors import WireError
from wire.fields import (
    Fields,
    check_integer,
    check_text,
    decode_object,
    encode_object,
    time_text,
)
from wire.job import MAX_PROBE_COUNT, MAX_SERVERS, PROBE_TYPES, ProbePlan
from wire.versions import REPORT_VERSION

LOST = -1
LATE = -2
NOT_SENT = -3
MAX_RTT_US = 600_000_000
"""Ten minutes: beyond it a figure is a fault of the tester."""

DIGEST_HEADER = "Report-Digest"
"""`sha-256=` and the hexadecimal digest of the uncompressed body."""

ENDS = ("complete", "truncated")
COLUMNS = (
    "server",
    "group",
    "host",
    "address",
    "family",
    "probe_type",
    "port",
    "planned",
    "late",
    "duplicate",
    "reordered",
    "warmup",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Results:
    """The rows of a report, column by column.

    `server`, `group` and `host` are the names that the job gave; `address` is what was probed, None
    where the name did not resolve (then `planned` is 0 and `family` None). `late`, `duplicate` and
    `reordered` are None where the engine cannot know them. `warmup` says that the row's first probe
    was the first packet of its flow. `rtt_us` is flat. `details` holds, by row number as text, what
    only few rows have: `error`, `icmp_errors`, `late_rtt_us`, `ttl`.
    """

    server: list[str] = field(default_factory=list)
    group: list[str] = field(default_factory=list)
    host: list[str] = field(default_factory=list)
    address: list[str | None] = field(default_factory=list)
    family: list[int | None] = field(default_factory=list)
    probe_type: list[str] = field(default_factory=list)
    port: list[int | None] = field(default_factory=list)
    planned: list[int] = field(default_factory=list)
    late: list[int | None] = field(default_factory=list)
    duplicate: list[int | None] = field(default_factory=list)
    reordered: list[int | None] = field(default_factory=list)
    warmup: list[bool] = field(default_factory=list)
    rtt_us: list[int] = field(default_factory=list)
    details: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.server)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object."""
        columns: dict[str, Any] = {name: getattr(self, name) for name in COLUMNS}
        return columns | {"rtt_us": self.rtt_us, "details": self.details}

    @classmethod
    def from_fields(cls, fields: Fields) -> "Results":
        """Return the rows in a JSON object; raise `WireError` for the first that is wrong."""
        columns = {name: fields.items(name, most=MAX_SERVERS * 16) for name in COLUMNS}
        rows = len(columns["server"])
        for name, column in columns.items():
            if len(column) != rows:
                raise WireError(field=fields.path(name), reason=f"has {len(column)} items, server has {rows}")
        rtt_us = fields.items("rtt_us", most=2**31)
        _check_columns(fields, columns)
        _check_distinct(fields, columns)
        _check_positions(fields, columns, rtt_us)
        return cls(**columns, rtt_us=rtt_us, details=_details(fields, rows=rows))


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """All results of one run, with the run's own health.

    Times are by the tester's clock. `end` is "complete", or "truncated" where the tester was told
    to stop. `engine` names the probing engine and what it stood on; `health` holds the tester's
    figures of itself, of which `trusted` and `reason` are known to the collector.
    """

    run_id: UUID
    tester_id: UUID
    sweep_id: UUID
    index: int
    of: int | None
    started_at: datetime
    finished_at: datetime
    end: str
    probe: ProbePlan
    engine: dict[str, Any]
    health: dict[str, Any]
    results: Results

    def to_bytes(self) -> bytes:
        """Return the uncompressed request body."""
        return encode_object(
            {
                "v": REPORT_VERSION,
                "run_id": str(self.run_id),
                "tester_id": str(self.tester_id),
                "sweep_id": str(self.sweep_id),
                "index": self.index,
                "of": self.of,
                "started_at": time_text(self.started_at),
                "finished_at": time_text(self.finished_at),
                "end": self.end,
                "probe": self.probe.to_dict(),
                "engine": self.engine,
                "health": self.health,
                "results": self.results.to_dict(),
            }
        )

    @classmethod
    def from_bytes(cls, body: bytes) -> "Report":
        """Return the report in an uncompressed body of any version that is read; raise `WireError`."""
        fields = Fields(decode_object(body))
        return READERS[fields.version(what="report", known=tuple(READERS))](fields)

    @classmethod
    def from_fields_1(cls, fields: Fields) -> "Report":
        """Return the report in a body of version 1."""
        return cls(
            run_id=fields.uuid("run_id"),
            tester_id=fields.uuid("tester_id"),
            sweep_id=fields.uuid("sweep_id"),
            index=fields.integer("index", least=0, most=2**31 - 1),
            of=fields.integer_or_none("of", least=1, most=2**31 - 1),
            started_at=fields.time("started_at"),
            finished_at=fields.time("finished_at"),
            end=fields.one_of("end", ENDS),
            probe=ProbePlan.from_fields(fields.object("probe")),
            engine=fields.mapping("engine"),
            health=fields.mapping("health"),
            results=Results.from_fields(fields.object("results")),
        )


READERS: dict[int, Callable[[Fields], Report]] = {1: Report.from_fields_1}
"""By version: the reader of its bodies. One goes when its version is neither N nor N-1 any more."""


def digest_of(body: bytes) -> str:
    """Return the value of `DIGEST_HEADER` for an uncompressed body."""
    # Whoever only probes does without a library of ciphers.
    import hashlib

    return "sha-256=" + hashlib.sha256(body).hexdigest()


def _check_columns(fields: Fields, columns: dict[str, list[Any]]) -> None:
    for name in ("server", "group", "host"):
        for row, value in enumerate(columns[name]):
            check_text(value, field=f"{fields.path(name)}[{row}]", longest=255)
    for row, value in enumerate(columns["address"]):
        if value is not None:
            check_text(value, field=f"{fields.path('address')}[{row}]", longest=64)
    for row, value in enumerate(columns["family"]):
        if value is not None and (type(value) is not int or value not in (4, 6)):
            raise WireError(field=f"{fields.path('family')}[{row}]", reason="must be 4, 6 or null")
        if (value is None) != (columns["address"][row] is None):
            raise WireError(field=f"{fields.path('family')}[{row}]", reason="does not fit its address")
    for row, value in enumerate(columns["probe_type"]):
        if value not in PROBE_TYPES:
            raise WireError(field=f"{fields.path('probe_type')}[{row}]", reason="is not known")
    for row, value in enumerate(columns["port"]):
        if value is not None:
            check_integer(value, field=f"{fields.path('port')}[{row}]", least=1, most=65_535)
    for row, value in enumerate(columns["warmup"]):
        if not isinstance(value, bool):
            raise WireError(field=f"{fields.path('warmup')}[{row}]", reason="must be true or false")
    for row, value in enumerate(columns["planned"]):
        check_integer(value, field=f"{fields.path('planned')}[{row}]", least=0, most=MAX_PROBE_COUNT)
    for name in ("late", "duplicate", "reordered"):
        for row, value in enumerate(columns[name]):
            if value is not None:
                check_integer(value, field=f"{fields.path(name)}[{row}]", least=0, most=2**31 - 1)


def _check_distinct(fields: Fields, columns: dict[str, list[Any]]) -> None:
    seen: dict[tuple[Any, ...], int] = {}
    identities = zip(
        columns["server"], columns["address"], columns["port"], columns["probe_type"], strict=True
    )
    for row, identity in enumerate(identities):
        first = seen.setdefault(identity, row)
        if first != row:
            raise WireError(
                field=f"{fields.path('server')}[{row}]",
                reason=f"repeats the server and address of row {first}",
            )


def _check_positions(fields: Fields, columns: dict[str, list[Any]], rtt_us: list[Any]) -> None:
    planned: list[int] = columns["planned"]
    if sum(planned) != len(rtt_us):
        raise WireError(
            field=fields.path("rtt_us"), reason=f"has {len(rtt_us)} items, {sum(planned)} are planned"
        )
    for position, value in enumerate(rtt_us):
        check_integer(value, field=f"{fields.path('rtt_us')}[{position}]", least=NOT_SENT, most=MAX_RTT_US)
    start = 0
    for row, length in enumerate(planned):
        late = rtt_us[start : start + length].count(LATE)
        if late != (columns["late"][row] or 0):
            raise WireError(
                field=f"{fields.path('late')}[{row}]", reason=f"does not fit the {late} late positions"
            )
        start += length


def _details(fields: Fields, *, rows: int) -> dict[str, dict[str, Any]]:
    details = fields.mapping("details")
    for row, value in details.items():
        if not (row.isascii() and row.isdecimal() and int(row[:12]) < rows):
            raise WireError(field=fields.path(f"details.{row[:40]}"), reason="is not a row of this report")
        if not isinstance(value, dict):
            raise WireError(field=fields.path(f"details.{row}"), reason="must be an object")
    return details
