"""What /openapi.json says of the bodies that `wire` reads; unknown fields are ignored there."""

from typing import Any

from wire.announce import TESTER_STATES
from wire.job import MAX_PROBE_COUNT, MAX_SERVERS, PROBE_TYPES
from wire.report import ENDS, MAX_RTT_US, NOT_SENT
from wire.versions import REPORT_VERSIONS

Schema = dict[str, Any]

MAX_INT4 = 2**31 - 1
UUID: Schema = {"type": "string", "format": "uuid"}
TIME: Schema = {"type": "string", "format": "date-time", "description": "by the tester's clock"}
TEXT: Schema = {"type": "string", "maxLength": 1_000}
NAME: Schema = {"type": "string", "maxLength": 255}
COUNT: Schema = {"type": "integer", "minimum": 0}
VERSION: Schema = {"type": "integer", "enum": list(REPORT_VERSIONS)}
INDEX: Schema = {"type": "integer", "minimum": 0, "maximum": MAX_INT4}
FLAG: Schema = {"type": "boolean"}


def _nullable(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def _whole(least: int, most: int) -> Schema:
    return {"type": "integer", "minimum": least, "maximum": most}


def _list(items: Schema, description: str) -> Schema:
    return {"type": "array", "items": items, "description": description}


def _object(properties: dict[str, Schema], *, optional: tuple[str, ...] = ()) -> Schema:
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": properties, "required": required}


def _body(schema: Schema, description: str) -> Schema:
    content = {"application/json": {"schema": schema}}
    return {"requestBody": {"required": True, "description": description, "content": content}}


OF = _nullable(_whole(1, MAX_INT4) | {"description": "runs of the sweep, null for no end"})
_RUN: dict[str, Schema] = {
    "v": VERSION,
    "run_id": UUID | {"description": "uuid5 of sweep, tester and index (`wire.identity`)"},
    "tester_id": UUID,
    "sweep_id": UUID,
    "index": INDEX,
    "of": OF,
}

ANNOUNCEMENT = _body(
    _object(
        _RUN
        | {
            "planned": COUNT | {"maximum": MAX_SERVERS * 16, "description": "results of its report"},
            "started_at": TIME,
            "expected_s": {"type": "number", "minimum": 0, "maximum": 31_536_000},
        },
        optional=("of",),
    ),
    "A run is about to begin.",
)

HEARTBEAT = _body(
    _object(
        {
            "v": VERSION,
            "tester_id": UUID,
            "state": {"type": "string", "enum": list(TESTER_STATES)},
            "sweep_id": _nullable(UUID),
            "run_id": _nullable(UUID),
            "index": _nullable(INDEX),
            "of": OF,
            "next_run_at": _nullable(TIME),
            "spooled_count": COUNT,
            "spooled_bytes": COUNT,
            "rejected_count": COUNT,
            "skipped_count": COUNT,
            "last_error": _nullable(TEXT),
            "version": TEXT,
        },
        optional=("sweep_id", "run_id", "index", "of", "next_run_at", "last_error"),
    ),
    "A tester lives, and this is what it is at.",
)

_RESULTS = _object(
    {
        "server": _list(NAME, "names"),
        "group": _list(NAME, "groups"),
        "host": _list(NAME, "what was asked for: a name or an address"),
        "address": _list(_nullable({"type": "string", "maxLength": 64}), "null where it did not resolve"),
        "family": _list(_nullable({"type": "integer", "enum": [4, 6]}), "null where there is no address"),
        "probe_type": _list({"type": "string", "enum": list(PROBE_TYPES)}, "kinds of probes"),
        "port": _list(_nullable(_whole(1, 65_535)), "null where the probe has none"),
        "planned": _list(_whole(0, MAX_PROBE_COUNT), "positions of each row in `rtt_us`"),
        "late": _list(_nullable(COUNT), "null where the engine cannot know"),
        "duplicate": _list(_nullable(COUNT), "null where the engine cannot know"),
        "reordered": _list(_nullable(COUNT), "null where the engine cannot know"),
        "warmup": _list(FLAG, "whether the first probe of a row was the first packet of its flow"),
        "rtt_us": _list(
            _whole(NOT_SENT, MAX_RTT_US),
            "all rows one after another: microseconds, or -1 lost, -2 late, -3 not sent",
        ),
        "details": {
            "type": "object",
            "additionalProperties": {"type": "object"},
            "description": "what is out of the ordinary, by row number",
        },
    },
    optional=("details",),
)

REPORT = _body(
    _object(
        _RUN
        | {
            "started_at": TIME,
            "finished_at": TIME,
            "end": {"type": "string", "enum": list(ENDS)},
            "probe": {"type": "object", "description": "how was probed (`wire.job.ProbePlan`)"},
            "engine": {"type": "object"},
            "health": {"type": "object", "description": "`trusted` and `reason` are read"},
            "results": _RESULTS,
        },
        optional=("of", "engine", "health"),
    ),
    "All results of a run, column by column: lists of one length. Content-Encoding: gzip is allowed.",
)
