"""How rows and figures look in answers."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa
from fastapi import Response
from pydantic import BaseModel

from collector.history.figures import CellState, Figure, Figures, Integers, note_of, number_of

FIGURE_KEYS = (
    "n",
    "answered",
    "late",
    "loss_ratio",
    "loss_low",
    "loss_high",
    "min_us",
    "p50_us",
    "p95_us",
    "p50_note",
    "p95_note",
)


class Problem(BaseModel):
    """What every answer but a success holds."""

    error: str
    message: str
    hint: str | None = None


ERRORS: dict[int | str, dict[str, Any]] = {
    400: {"model": Problem, "description": "A parameter is rubbish"},
    401: {"model": Problem, "description": "Credentials are missing or wrong"},
    403: {"model": Problem, "description": "These credentials may not read"},
    404: {"model": Problem, "description": "What a parameter names is unknown"},
    409: {"model": Problem, "description": "A name fits several; `ids` lists them"},
    422: {"model": Problem, "description": "A parameter is of the wrong type, or the window is too large"},
    429: {
        "model": Problem,
        "description": "Too many wrong credentials came of late; Retry-After says when to try again",
    },
    503: {
        "model": Problem,
        "description": "The database is away or busy; Retry-After says when to try again",
    },
}
"""The error answers that every read has."""


def answer(body: dict[str, Any]) -> Response:
    """Return a JSON answer."""
    try:
        content = msgspec.json.encode(body)
    except UnicodeEncodeError:
        # A tester may have sent half of a surrogate pair within the details of a result.
        content = json.dumps(body, ensure_ascii=True, allow_nan=False).encode()
    return Response(content, media_type="application/json")


def hinted(body: dict[str, Any], hint: str | None) -> dict[str, Any]:
    """Return an answer that says what to do where it is empty."""
    return body if hint is None else body | {"hint": hint}


def time_or_none(time: datetime | None) -> str | None:
    """Return a time as the wire has it."""
    return None if time is None else time_text(time)


def time_text(time: datetime) -> str:
    """Return a time that the database gave, which is in UTC, as the wire has it."""
    return time.isoformat(timespec="microseconds").replace("+00:00", "Z")


def figure_dict(figure: Figure) -> dict[str, Any]:
    """Return the figures that every cell, region and path shows."""
    return {key: getattr(figure, key) for key in FIGURE_KEYS}


def cell_dict(figure: Figure, *, state: CellState, runs: int) -> dict[str, Any]:
    """Return a cell of the matrix."""
    return {"state": state, "runs": runs} | figure_dict(figure)


def cell_dicts(
    figures: Figures, places: Integers, *, states: Sequence[CellState], runs: Sequence[int]
) -> list[dict[str, Any]]:
    """Return the cells of some groups, each as `cell_dict` has it; by columns, in a quarter of the time."""
    columns = figure_columns(figures, places)
    keys = ("state", "runs", *FIGURE_KEYS)
    rows = zip(states, runs, *(columns[key] for key in FIGURE_KEYS), strict=True)
    return [dict(zip(keys, row, strict=True)) for row in rows]


def figure_columns(figures: Figures, places: Integers) -> dict[str, list[Any]]:
    """Return the figures of some groups by their keys, each as a column."""
    sent = (figures.n[places] > 0).tolist()
    columns: dict[str, list[Any]] = {
        "n": figures.n[places].tolist(),
        "answered": figures.answered[places].tolist(),
        "late": _where(figures.late[places].tolist(), figures.late_known[places].tolist()),
    }
    for name in ("loss_ratio", "loss_low", "loss_high"):
        columns[name] = _where(getattr(figures, name)[places].tolist(), sent)
    for name in ("min_us", "p50_us", "p95_us"):
        columns[name] = [number_of(us) for us in getattr(figures, name)[places].tolist()]
    for name in ("p50", "p95"):
        columns[f"{name}_note"] = [note_of(us) for us in getattr(figures, f"{name}_us")[places].tolist()]
    return columns


def _where(values: Sequence[Any], known: Sequence[bool]) -> list[Any]:
    return [value if there else None for value, there in zip(values, known, strict=True)]


def server_dict(row: sa.Row[Any]) -> dict[str, Any]:
    """Return one address of a server."""
    return {
        "server_id": str(row.uuid),
        "name": row.name,
        "group": row.group,
        "host": row.host,
        "address": row.ip_addr,
        "family": row.family,
    }


def run_dict(row: sa.Row[Any]) -> dict[str, Any]:
    """Return a run."""
    return {
        "run_id": str(row.run_id),
        "tester_id": str(row.tester_uuid),
        "tester": row.tester_name,
        "sweep_id": str(row.sweep_id),
        "index": row.index,
        "of": row.of,
        "planned": row.planned,
        "stored": row.stored,
        "announced_at": time_text(row.announced_at),
        "expected_s": row.expected_s,
        "started_at": time_or_none(row.started_at),
        "finished_at": time_or_none(row.finished_at),
        "state": row.state,
        "trusted": row.trusted,
        "reason": row.reason,
        "clock_offset_us": row.clock_offset_us,
        "clock_corrected": row.clock_corrected,
        "health": row.health,
        "engine": row.engine,
    }
