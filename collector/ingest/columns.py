"""Reading a report into columns of numpy.

`wire.report` says what a correct report is. This reads the same bytes without a Python check for
each value, and leaves it to `wire.report` to name what is wrong with a small report that it refuses.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any
from uuid import UUID

import msgspec
import numpy as np
import numpy.typing as npt

from collector.ingest.names import COLUMNS as NAMES
from collector.ingest.names import KnownNames, Names, check_length, wrong
from wire.errors import WireError
from wire.fields import Fields
from wire.job import MAX_PROBE_COUNT, ProbePlan
from wire.report import ENDS, LATE, MAX_RTT_US, NOT_SENT, Report
from wire.versions import REPORT_VERSIONS

Ints = npt.NDArray[np.int32]
NOTHING = -1
"""A null in a column of counts."""

MAX_INT4 = 2**31 - 1
MOST_PROBES = 10_000_000
RESULT_IN_PROBES = 10
"""Each result costs as much memory as this many probes."""

MOST_STRAY_COMMAS = 1_000_000
"""Commas within names, which look like one more item until they are decoded."""

SMALL_PART = 2**16
"""Bytes of what stands beside the results, and of the details of one row."""

MOST_DETAILS = 2**26
MAX_DEPTH = 60
DECODED_AT_A_TIME = 2**20
COMMA = ord(",")
KNOWN = (
    *("v", "run_id", "tester_id", "sweep_id", "index", "of", "started_at", "finished_at", "end"),
    *("probe", "engine", "health"),
)

EXPLAINED_BYTES = 2**20
"""Up to this size a refused report is read again by the slow reader, for its exact message."""


class _Figures(msgspec.Struct):
    """The columns of a report besides its names."""

    planned: list[int]
    late: list[int | None]
    duplicate: list[int | None]
    reordered: list[int | None]
    warmup: list[bool]
    rtt_us: msgspec.Raw
    details: dict[str, msgspec.Raw] | None = None


class _Sized(msgspec.Struct):
    """The same, before anything of it is decoded."""

    planned: msgspec.Raw = msgspec.Raw(b"[]")
    rtt_us: msgspec.Raw = msgspec.Raw(b"[]")
    details: msgspec.Raw = msgspec.Raw(b"{}")


_COLUMNS = tuple(name for name in _Figures.__struct_fields__ if name not in ("rtt_us", "details"))
_ALL_COLUMNS = len(_COLUMNS) + len(NAMES)
_known_names = KnownNames()
_Envelope = dict[str, msgspec.Raw]


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


def read_report(body: bytes, *, most_probes: int = MOST_PROBES) -> IncomingReport:
    """Return the report in an uncompressed body.

    Raises `NotJson` where it is none at all, `TooManyProbes` where it would take too much memory,
    `WireError` where a field is not as it must be.
    """
    try:
        return _read(body, most_probes=most_probes)
    except (NotJson, TooManyProbes):
        raise
    except WireError:
        _explain(body)
        raise


class TooManyProbes(WireError):
    """A report that is too large to be decoded."""


class NotJson(WireError):
    """A body that is not JSON."""

    def __init__(self, reason: str) -> None:
        super().__init__(field="", reason=f"not JSON: {reason}")


def _explain(body: bytes) -> None:
    if len(body) <= EXPLAINED_BYTES:
        Report.from_bytes(body)


def _read(body: bytes, *, most_probes: int) -> IncomingReport:
    try:
        raw = msgspec.json.decode(body, type=_Envelope)
        # Raw values are only skimmed over, and what nobody knows stays so.
        fields = Fields({name: _plain(name, raw[name]) for name in KNOWN if name in raw})
        fields.version(what="report", known=REPORT_VERSIONS)
        if "results" not in raw:
            raise WireError(field="results", reason="is missing")
        _check_size(raw["results"], most_probes=most_probes)
        figures = msgspec.json.decode(raw["results"], type=_Figures)
        names, digest = _known_names.read(raw["results"])
    except msgspec.ValidationError as error:
        raise WireError(field="", reason=str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise NotJson(str(error)) from None
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
        columns=_columns(names, digest, figures),
    )


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


def _check_size(results: msgspec.Raw, *, most_probes: int) -> None:
    """Count by commas what decoding would make of the results, before it is made."""
    sized = msgspec.json.decode(results, type=_Sized)
    probes, rows = _commas(sized.rtt_us) + 1, _commas(sized.planned) + 1
    cost = probes + rows * RESULT_IN_PROBES
    # A column that is longer than the others is refused later, but it must not be decoded first.
    inner = memoryview(sized.details).nbytes
    rest = _commas(results) - _commas(sized.details) - probes
    if cost > most_probes or rest > rows * _ALL_COLUMNS * 2 + MOST_STRAY_COMMAS:
        raise TooManyProbes(
            field="results",
            reason=f"has {probes} probes and {rows} rows: more than {most_probes} probes, "
            f"where each row counts as {RESULT_IN_PROBES} more",
        )
    if inner > MOST_DETAILS:
        raise TooManyProbes(field="results.details", reason=f"is longer than {MOST_DETAILS} bytes")


def _commas(raw: msgspec.Raw) -> int:
    # In parts, so that it takes no memory to speak of; numpy counts ten times faster than `bytes`.
    text = np.frombuffer(raw, dtype=np.uint8)
    return sum(
        int(np.count_nonzero(text[start : start + DECODED_AT_A_TIME] == COMMA))
        for start in range(0, len(text), DECODED_AT_A_TIME)
    )


def _whole_numbers(name: str, raw: msgspec.Raw, *, least: int, most: int) -> Ints:
    """Return a list of integers, decoded part by part: as a list of Python's it takes ten times more."""
    text = bytes(raw).strip()
    if len(text) <= DECODED_AT_A_TIME or not text.startswith(b"["):
        return _int32(name, msgspec.json.decode(text, type=list[int]), least=least, most=most)
    parts: list[Ints] = []
    start, end = 1, len(text) - 1
    while start < end:
        stop = text.find(b",", start + DECODED_AT_A_TIME, end)
        stop = end if stop < 0 else stop
        part = msgspec.json.decode(b"[" + text[start:stop] + b"]", type=list[int])
        parts.append(_int32(name, part, least=least, most=most))
        start = stop + 1
    return np.concatenate(parts)


def _columns(names: Names, digest: bytes, figures: _Figures) -> Columns:
    count = len(names.server)
    for name in _COLUMNS:
        check_length(name, getattr(figures, name), count=count)
    planned = _int32("planned", figures.planned, least=0, most=MAX_PROBE_COUNT)
    try:
        rtt_us = _whole_numbers("rtt_us", figures.rtt_us, least=NOT_SENT, most=MAX_RTT_US)
    except msgspec.ValidationError as error:
        raise wrong("rtt_us", str(error)) from None
    except msgspec.DecodeError as error:
        raise NotJson(str(error)) from None
    total = int(planned.sum(dtype=np.int64))
    if total != len(rtt_us):
        raise wrong("rtt_us", f"has {len(rtt_us)} items, {total} are planned")
    late = _counts("late", figures.late)
    row_of_position = np.repeat(np.arange(count), planned)
    late_positions = np.bincount(row_of_position[rtt_us == LATE], minlength=count)
    if not np.array_equal(np.maximum(late, 0), late_positions):
        raise wrong("late", "does not fit the late positions")
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
        duplicate=_counts("duplicate", figures.duplicate),
        reordered=_counts("reordered", figures.reordered),
        warmup=np.array(figures.warmup, dtype=np.bool_),
        rtt_us=rtt_us,
        details=_details(figures.details or {}, count=count),
        digest=digest,
    )


def _int32(name: str, values: list[int], *, least: int, most: int) -> Ints:
    try:
        wide = np.array(values, dtype=np.int64)
    except OverflowError:
        raise wrong(name, f"must lie between {least} and {most}") from None
    if len(wide) and not (least <= int(wide.min()) and int(wide.max()) <= most):
        raise wrong(name, f"must lie between {least} and {most}")
    return wide.astype(np.int32)


def _counts(name: str, values: list[int | None]) -> Ints:
    missing = values.count(None)
    if missing == len(values):
        return np.full(len(values), NOTHING, dtype=np.int32)
    known = [value for value in values if value is not None]
    counts = _int32(name, known, least=0, most=MAX_INT4)
    if not missing:
        return counts
    column = np.full(len(values), NOTHING, dtype=np.int32)
    column[[row for row, value in enumerate(values) if value is not None]] = counts
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
