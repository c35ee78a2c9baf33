"""Reading a report into columns of numpy.

`wire.report` says what a correct report is. This reads the same bytes without a Python check for
each value, and leaves it to `wire.report` to name what is wrong with a small report that it refuses.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any, TypeVar
from uuid import UUID

import msgspec
import numpy as np
import numpy.typing as npt

from collector.ingest.names import KnownNames
from collector.ingest.numbers import Ints, as_int32, whole_numbers
from collector.ingest.positions import tables
from collector.ingest.refusal import check_length, wrong
from collector.ingest.undecoded import MOST_PROBES, Opened, TooManyProbes, Undecoded, check_size, opened
from wire.errors import UnknownVersion, WireError
from wire.fields import Fields
from wire.job import MAX_PROBE_COUNT, ProbePlan
from wire.report import ENDS, LATE, MAX_RTT_US, NOT_SENT, Report

T = TypeVar("T")
NOTHING = -1
"""A null in a column of counts."""

MAX_INT4 = 2**31 - 1
SMALL_PART = 2**16
"""Bytes of what stands beside the results, and of the details of one row."""

MAX_DEPTH = 60
EXPLAINED_BYTES = 2**20
"""Up to this size a refused report is read again by the slow reader, for its exact message."""


_known_names = KnownNames()


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Columns:
    """The rows of a report; `NOTHING` stands for null in `late`, `duplicate` and `reordered`.

    `rtt_us` is flat, `planned[row]` positions for each row. `details` holds JSON by row number.
    """

    server: list[str]
    group: list[str]
    host: list[str]
    address: list[str | None]
    family: list[int | None]
    probe_type: list[str]
    port: list[int | None]
    planned: Ints
    late: Ints
    duplicate: Ints
    reordered: Ints
    warmup: npt.NDArray[np.bool_]
    rtt_us: Ints
    details: dict[int, bytes]
    digest: bytes = b""
    """Equal digests, equal servers with equal labels; empty where nobody knows."""

    def __len__(self) -> int:
        return len(self.server)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class IncomingReport:
    """A report as the collector holds it; times are still those of the tester's clock."""

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
    columns: Columns


def one_after_another(parts: Sequence[Columns]) -> Columns:
    """Return the rows of several reports as those of one."""
    if len(parts) == 1:
        return parts[0]
    details: dict[int, bytes] = {}
    start = 0
    for part in parts:
        details |= {start + row: text for row, text in part.details.items()}
        start += len(part)

    def joined(name: str) -> list[Any]:
        return list(chain.from_iterable(getattr(part, name) for part in parts))

    def joined_array(name: str) -> npt.NDArray[Any]:
        return np.concatenate([getattr(part, name) for part in parts])

    return Columns(
        server=joined("server"),
        group=joined("group"),
        host=joined("host"),
        address=joined("address"),
        family=joined("family"),
        probe_type=joined("probe_type"),
        port=joined("port"),
        planned=joined_array("planned"),
        late=joined_array("late"),
        duplicate=joined_array("duplicate"),
        reordered=joined_array("reordered"),
        warmup=joined_array("warmup"),
        rtt_us=joined_array("rtt_us"),
        details=details,
    )


def read_report(
    body: bytes, *, most_probes: int = MOST_PROBES, readers: "Readers | None" = None
) -> IncomingReport:
    """Return the report in an uncompressed body, of any version that has a reader.

    Raises `NotJson` where it is none at all, `TooManyProbes` where it would take too much memory,
    `WireError` where a field is not as it must be.
    """
    try:
        return _read(body, most_probes=most_probes, readers=READERS if readers is None else readers)
    except (NotJson, TooManyProbes, UnknownVersion):
        raise
    except WireError:
        _explain(body)
        raise


class NotJson(WireError):
    """A body that is not JSON."""

    def __init__(self, reason: str) -> None:
        super().__init__(field="", reason=f"not JSON: {reason}")


def _explain(body: bytes) -> None:
    if len(body) <= EXPLAINED_BYTES:
        Report.from_bytes(body)


def _read(body: bytes, *, most_probes: int, readers: "Readers") -> IncomingReport:
    try:
        parts = opened(body)
        fields = Fields({name: _plain(name, value) for name, value in parts.beside.items()})
        version = fields.version(what="report", known=tuple(readers))
        return readers[version](parts, fields, most_probes)
    except msgspec.ValidationError as error:
        raise WireError(field="", reason=str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise NotJson(str(error)) from None


def _read_1(parts: Opened, fields: Fields, most_probes: int) -> IncomingReport:
    """Read a report of version 1."""
    if parts.results is None:
        raise WireError(field="results", reason="is missing or not as it must be")
    check_size(parts.results, most_probes=most_probes)
    columns = _columns(parts.results)
    return IncomingReport(
        run_id=fields.uuid("run_id"),
        tester_id=fields.uuid("tester_id"),
        sweep_id=fields.uuid("sweep_id"),
        index=fields.integer("index", least=0, most=MAX_INT4),
        of=fields.integer_or_none("of", least=1, most=MAX_INT4),
        started_at=fields.time("started_at"),
        finished_at=fields.time("finished_at"),
        end=fields.one_of("end", ENDS),
        probe=ProbePlan.from_fields(fields.object("probe")),
        engine=fields.mapping("engine"),
        health=fields.mapping("health"),
        columns=columns,
    )


Readers = Mapping[int, Callable[[Opened, Fields, int], IncomingReport]]
READERS: Readers = {1: _read_1}
"""By version: what reads a report of it, given its parts, the known ones decoded, and the most probes.

When version 2 comes its reader stands beside this one, which stays as it is until there is a version 3.
"""


def _plain(name: str, value: msgspec.Raw) -> Any:
    if memoryview(value).nbytes > SMALL_PART:
        raise WireError(field=name, reason=f"is longer than {SMALL_PART} bytes")
    decoded = msgspec.json.decode(value)
    check_depth(decoded, field=name)
    return decoded


def check_depth(value: Any, *, field: str, depth: int = 0) -> None:
    """Raise `WireError` for what is nested so deep that it could not be read back everywhere."""
    if depth > MAX_DEPTH:
        raise WireError(field=field, reason=f"is nested deeper than {MAX_DEPTH}")
    if isinstance(value, dict):
        for item in value.values():
            check_depth(item, field=field, depth=depth + 1)
    elif isinstance(value, list):
        for item in value:
            check_depth(item, field=field, depth=depth + 1)


def _columns(results: Undecoded) -> Columns:
    names, digest = _known_names.read(results)
    count = len(names.server)
    planned = as_int32(
        "planned", _column(results, "planned", list[int], count=count), least=0, most=MAX_PROBE_COUNT
    )
    with _naming("rtt_us"):
        rtt_us = whole_numbers("rtt_us", results.rtt_us, least=NOT_SENT, most=MAX_RTT_US)
    total = int(planned.sum(dtype=np.int64))
    if total != len(rtt_us):
        raise wrong("rtt_us", f"has {len(rtt_us)} items, {total} are planned")
    late = _counts(results, "late", count=count)
    _check_late(late, planned, rtt_us)
    with _naming("details"):
        details = msgspec.json.decode(results.details, type=dict[str, msgspec.Raw] | None)
    return Columns(
        server=names.server,
        group=names.group,
        host=names.host,
        address=names.address,
        family=names.family,
        probe_type=names.probe_type,
        port=names.port,
        planned=planned,
        late=late,
        duplicate=_counts(results, "duplicate", count=count),
        reordered=_counts(results, "reordered", count=count),
        warmup=np.array(_column(results, "warmup", list[bool], count=count), dtype=np.bool_),
        rtt_us=rtt_us,
        details=_details(details or {}, count=count),
        digest=digest,
    )


@contextmanager
def _naming(column: str) -> Iterator[None]:
    try:
        yield
    except msgspec.ValidationError as error:
        raise wrong(column, str(error)) from None


def _column(results: Undecoded, name: str, kind: type[list[T]], *, count: int) -> list[T]:
    with _naming(name):
        column = msgspec.json.decode(getattr(results, name), type=kind)
    check_length(name, column, count=count)
    return column


def _check_late(late: Ints, planned: Ints, rtt_us: Ints) -> None:
    positions = np.zeros(len(planned), dtype=np.int64)
    if np.any(rtt_us == LATE):
        for rows, table in tables(planned, rtt_us):
            positions[rows] = np.count_nonzero(table == LATE, axis=0)
    if not np.array_equal(np.maximum(late, 0), positions):
        raise wrong("late", "does not fit the late positions")


def _counts(results: Undecoded, name: str, *, count: int) -> Ints:
    raw = getattr(results, name)
    if b"null" not in bytes(raw):
        with _naming(name):
            counts = whole_numbers(name, raw, least=0, most=MAX_INT4)
        check_length(name, counts, count=count)
        return counts
    values = _column(results, name, list[int | None], count=count)
    column = np.full(count, NOTHING, dtype=np.int32)
    known = [row for row, value in enumerate(values) if value is not None]
    if known:
        column[known] = as_int32(name, [values[row] or 0 for row in known], least=0, most=MAX_INT4)
    return column


def _details(given: dict[str, msgspec.Raw], *, count: int) -> dict[int, bytes]:
    details: dict[int, bytes] = {}
    for key, raw in given.items():
        field = f"results.details.{key[:40]}"
        if not (key.isascii() and key.isdecimal() and int(key[:12]) < count):
            raise WireError(field=field, reason="is not a row of this report")
        if memoryview(raw).nbytes > SMALL_PART:
            raise WireError(field=field, reason=f"is longer than {SMALL_PART} bytes")
        value = msgspec.json.decode(raw)
        if not isinstance(value, dict):
            raise WireError(field=field, reason="must be an object")
        check_depth(value, field=field)
        if value:
            details[int(key[:12])] = msgspec.json.encode(value)
    return details
