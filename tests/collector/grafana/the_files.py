"""The files for Grafana, and what Grafana would make of a query in them.

Grafana itself is not to be had in CI: its variables and macros are put in here as its documentation
says, for the time and the values that a test chooses.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent.parent
GRAFANA = ROOT / "examples" / "grafana"
BOARDS = sorted((GRAFANA / "dashboards").glob("*.json"))
VARIABLE = re.compile(r"\$\{(\w+)(?::(\w+))?\}|\$(?!__)(\w+)")
MACRO = re.compile(r"\$__(\w+)(?:\(([^()]*)\))?")

Board = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A query of a board, as it stands there."""

    board: str
    title: str
    text: str
    source: str
    legend: str = ""

    def __str__(self) -> str:
        return f"{self.board}: {self.title}"


def board(name: str) -> Board:
    found: Board = json.loads((GRAFANA / "dashboards" / f"{name}.json").read_text(encoding="utf-8"))
    return found


def panels(board: Board) -> list[dict[str, Any]]:
    """Return the panels that show something."""
    return [panel for panel in board["panels"] if panel["type"] != "row"]


def variable_text(variable: dict[str, Any]) -> str:
    query = variable["query"]
    return str(query["query"] if isinstance(query, dict) else query)


def queries(name: str) -> Iterator[Asked]:
    """Give the queries of variables and panels."""
    found = board(name)
    for variable in found["templating"]["list"]:
        yield Asked(
            board=name,
            title=f"variable {variable['name']}",
            text=variable_text(variable),
            source=variable["datasource"]["uid"],
        )
    for panel in panels(found):
        for query in panel["targets"]:
            yield Asked(
                board=name,
                title=f"{panel['title']} {query['refId']}",
                text=query.get("rawSql") or query["expr"],
                source=query["datasource"]["uid"],
                legend=query.get("legendFormat", ""),
            )


def filled_sql(text: str, values: dict[str, list[str]], *, since: datetime, until: datetime) -> str:
    """Return the SQL that Grafana sends for a time range and chosen values."""

    def value(match: re.Match[str]) -> str:
        name, form = match[1] or match[3], match[2]
        assert form == "sqlstring", f"{match[0]} is not quoted"
        return ",".join("'" + one.replace("'", "''") + "'" for one in values[name])

    bounds = [f"'{time:%Y-%m-%dT%H:%M:%SZ}'" for time in (since, until)]

    def macro(match: re.Match[str]) -> str:
        arguments = [part.strip() for part in (match[2] or "").split(",")]
        if match[1] == "timeFilter":
            return f"{arguments[0]} BETWEEN {bounds[0]} AND {bounds[1]}"
        assert match[1] == "timeGroupAlias", match[0]
        assert arguments[1] == "$__interval", match[0]
        return f'floor(extract(epoch from {arguments[0]})/600)*600 AS "time"'

    # An interval stands within another macro's brackets, without any of its own.
    return MACRO.sub(macro, VARIABLE.sub(value, text))


def filled_promql(text: str, values: dict[str, list[str]]) -> str:
    """Return the PromQL that Grafana sends for chosen values."""

    def value(match: re.Match[str]) -> str:
        chosen = [re.sub(r"([\\^$.*+?()\[\]{}|/])", r"\\\\\1", one) for one in values[match[1] or match[3]]]
        return chosen[0] if len(chosen) == 1 else f"({'|'.join(chosen)})"

    filled = VARIABLE.sub(value, text.replace("$__rate_interval", "1m"))
    assert "$" not in filled, filled
    return filled
