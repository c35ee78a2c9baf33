"""The results of a report before anything of them is decoded, and what they would cost."""

from dataclasses import dataclass

import msgspec

from collector.ingest.numbers import commas
from wire.errors import WireError

MOST_PROBES = 10_000_000
RESULT_IN_PROBES = 10
"""Each result costs as much memory as this many probes."""

MOST_STRAY_COMMAS = 1_000_000
"""Commas within names, which look like one more item until they are decoded."""

MOST_DETAILS = 2**26


class TooManyProbes(WireError):
    """A report that is too large to be decoded."""


_Part = msgspec.Raw | msgspec.UnsetType


class Undecoded(msgspec.Struct):
    """The columns as they came."""

    server: msgspec.Raw
    group: msgspec.Raw
    host: msgspec.Raw
    address: msgspec.Raw
    family: msgspec.Raw
    probe_type: msgspec.Raw
    port: msgspec.Raw
    planned: msgspec.Raw
    late: msgspec.Raw
    duplicate: msgspec.Raw
    reordered: msgspec.Raw
    warmup: msgspec.Raw
    rtt_us: msgspec.Raw
    details: msgspec.Raw = msgspec.Raw(b"null")


class _Opened(msgspec.Struct):
    """A report whose results are columns; whatever else it holds is skimmed over."""

    results: Undecoded
    v: _Part = msgspec.UNSET
    run_id: _Part = msgspec.UNSET
    tester_id: _Part = msgspec.UNSET
    sweep_id: _Part = msgspec.UNSET
    index: _Part = msgspec.UNSET
    of: _Part = msgspec.UNSET
    started_at: _Part = msgspec.UNSET
    finished_at: _Part = msgspec.UNSET
    end: _Part = msgspec.UNSET
    probe: _Part = msgspec.UNSET
    engine: _Part = msgspec.UNSET
    health: _Part = msgspec.UNSET


_BESIDE = _Opened.__struct_fields__[1:]
_SHORT = tuple(name for name in Undecoded.__struct_fields__ if name not in ("rtt_us", "details"))


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Opened:
    """A report: what is known of it beside its results, and those; None where they are no columns of ours."""

    body: bytes
    beside: dict[str, msgspec.Raw]
    results: Undecoded | None


def opened(body: bytes) -> Opened:
    """Return the parts of a report, none of them decoded.

    Raises as msgspec does for what is no JSON object at all.
    """
    try:
        # Once over a body is as dear as a tenth of reading it.
        whole = msgspec.json.decode(body, type=_Opened)
    except msgspec.ValidationError:
        parts = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
        beside = {name: parts[name] for name in _BESIDE if name in parts}
        return Opened(body=body, beside=beside, results=None)
    found = {name: getattr(whole, name) for name in _BESIDE}
    beside = {name: part for name, part in found.items() if part is not msgspec.UNSET}
    return Opened(body=body, beside=beside, results=whole.results)


def check_size(columns: Undecoded, *, most_probes: int) -> None:
    """Count by commas what decoding would make of the results, before it is made.

    Raises `TooManyProbes`.
    """
    probes, rows = commas(columns.rtt_us) + 1, commas(columns.planned) + 1
    cost = probes + rows * RESULT_IN_PROBES
    # A column that is longer than the others is refused later, but it must not be decoded first.
    rest = sum(commas(getattr(columns, name)) for name in _SHORT)
    if cost > most_probes or rest > rows * len(_SHORT) * 2 + MOST_STRAY_COMMAS:
        raise TooManyProbes(
            field="results",
            reason=f"has {probes} probes and {rows} rows: more than {most_probes} probes, "
            f"where each row counts as {RESULT_IN_PROBES} more",
        )
    if memoryview(columns.details).nbytes > MOST_DETAILS:
        raise TooManyProbes(field="results.details", reason=f"is longer than {MOST_DETAILS} bytes")
