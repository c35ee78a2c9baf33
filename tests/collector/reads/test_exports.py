"""Lists as CSV and Parquet: they say what the JSON says."""

import csv
import io
import json
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from pyarrow import parquet

from collector.errors import ExportBroken
from collector.history.queries import RunFilter
from collector.history.queries_results import ANY
from collector.history.rollups import Roller
from collector.session import snapshot
from collector.tables import ping_results, runs
from collector.web.export_results import FIRST_ROWS, result_pages
from tests.collector.reads.a_house import NOON, Found, House
from tests.collector.reads.many import SERVERS, fill
from tests.collector.reads.naive import naive_figures
from wire.report import LATE, LOST

WEEK = {"since": NOON.isoformat(), "until": (NOON + timedelta(days=7)).isoformat()}

DEADLINE_S = 30.0


def filled(house: House) -> list[int]:
    """Report five runs over three hours; return the trusted probes to `ams`."""
    fleet = house.fleet()
    tester = house.tester(fleet, "=oslo", location={"region": "eu-north-1"})
    sweep = house.sweep(fleet)
    pooled = []
    for index in range(5):
        rtts = [10_000 * (index + 1) + 7 * step for step in range(20)] + [LATE]
        house.report(
            tester,
            sweep,
            Found(server="ams", rtt_us=rtts),
            Found(server="dark", address="2001:db8::1", rtt_us=[LOST] * 9, late_known=False),
            Found(server="gone", address=None, details={"error": "no such name, ☹"}),
            index=index,
            started_at=NOON + timedelta(minutes=40 * index, microseconds=1),
            health={"trusted": False, "reason": "noisy"} if index == 3 else None,
        )
        pooled += [] if index == 3 else rtts
    Roller(house.engine).roll_up(NOON + timedelta(days=3))
    return pooled


def table_of(house: House, path: str, **parameters: Any) -> tuple[list[dict[str, Any]], dict[str, str]]:
    answer = house.client.get(f"/api/v1/{path}", params=parameters | {"format": "parquet"})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/vnd.apache.parquet"
    file = parquet.ParquetFile(io.BytesIO(answer.content))
    told = {key.decode(): value.decode() for key, value in file.schema_arrow.metadata.items()}
    return [as_json(row) for row in file.read().to_pylist()], told


def as_json(row: dict[str, Any]) -> dict[str, Any]:
    found = dict(row)
    for name, value in row.items():
        if isinstance(value, datetime):
            assert value.tzinfo is not None
            found[name] = value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        if name in ("details", "health", "engine") and value is not None:
            found[name] = json.loads(value)
    return found


def lines_of(house: House, path: str, **parameters: Any) -> list[dict[str, str]]:
    answer = house.client.get(f"/api/v1/{path}", params=parameters | {"format": "csv"})
    assert answer.status_code == 200, answer.text
    assert answer.text.endswith("\r\n")
    return list(csv.DictReader(io.StringIO(answer.text, newline="")))


def in_csv(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | dict):
        return json.dumps(value, separators=(",", ":"))
    return "'" + value if isinstance(value, str) and value[:1] in "=+-@" and value else str(value)


@pytest.mark.parametrize("path", ["results", "runs", "hours", "days"])
def test_a_list_is_the_same_as_json_csv_and_parquet(house: House, path: str) -> None:
    filled(house)
    listed = house.get(path, limit=10_000)[path]
    assert len(listed) == {"results": 15, "runs": 5, "hours": 9, "days": 3}[path]

    rows, told = table_of(house, path)
    lines = lines_of(house, path)

    assert rows == listed
    assert [list(row) for row in rows] == [list(item) for item in listed]
    assert lines == [{name: in_csv(value) for name, value in item.items()} for item in listed]
    assert (told["table"], told["version"]) == (path, "1")
    assert told["about"]


def test_the_matrix_is_a_table_with_a_row_for_each_path(house: House) -> None:
    filled(house)
    body = house.get("matrix", **WEEK)

    rows, _ = table_of(house, "matrix", **WEEK)

    cells = [cell for row in body["cells"] for cell in row if cell is not None]
    assert [{name: row[name] for name in cell} for row, cell in zip(rows, cells, strict=True)] == cells
    servers = [(server["name"], server["address"]) for server in body["servers"]]
    assert [(row["server"], row["address"]) for row in rows] == servers
    assert {(row["tester"], row["region"], row["since"]) for row in rows} == {
        ("=oslo", "eu-north-1", body["since"])
    }
    lines = lines_of(house, "matrix", **WEEK)
    assert lines == [{name: in_csv(value) for name, value in row.items()} for row in rows]
    dark = next(line for line in lines if line["server"] == "dark")
    assert (dark["p50_us"], dark["p50_note"], dark["state"], dark["min_us"]) == ("", "lost", "lost", "")


def test_parquet_has_types_that_say_what_they_are(house: House) -> None:
    filled(house)
    answer = house.client.get("/api/v1/results", params={"format": "parquet"})

    file = parquet.ParquetFile(io.BytesIO(answer.content))
    types = {field.name: str(field.type) for field in file.schema_arrow}
    meanings = {
        field.name: field.metadata[b"meaning"].decode() for field in file.schema_arrow if field.metadata
    }
    encodings = {
        chunk.path_in_schema: chunk.encodings
        for chunk in (file.metadata.row_group(0).column(at) for at in range(file.metadata.num_columns))
    }

    assert (types["ts"], types["rtt_us"], types["p50_us"]) == (
        "timestamp[us, tz=UTC]",
        "list<element: int32>",
        "int64",
    )
    assert "-1 lost" in meanings["rtt_us"]
    assert any("DICTIONARY" in item for item in encodings["server"])


def test_hours_and_days_are_the_sums_of_trusted_runs(house: House) -> None:
    pooled = filled(house)

    [day] = house.get("days", server="ams")["days"]
    hours = house.get("hours", server="ams")["hours"]

    for name, value in naive_figures(pooled).items():
        is_near = name in ("p50_us", "p95_us") and value is not None
        near = pytest.approx(value, rel=0.01) if is_near else value
        assert day[name] == (pytest.approx(value) if isinstance(value, float) else near), name
    assert (day["runs"], day["left_out"], day["day"]) == (4, 1, "2026-03-01T00:00:00.000000Z")
    answers = [value for value in pooled if value >= 0]
    assert day["mean_us"] == pytest.approx(sum(answers) / len(answers))
    assert sum(hour["n"] for hour in hours) == len(pooled)
    since = (NOON + timedelta(hours=1)).isoformat()
    assert [item["hour"][11:13] for item in house.get("hours", server="ams", since=since)["hours"]] == [
        "13",
        "14",
    ]
    assert house.get("days", until=NOON.replace(hour=0).isoformat())["days"] == []
    assert len(house.get("hours", tester="=oslo", fleet="edge-latency")["hours"]) == 9


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_an_export_without_rows_is_a_whole_file(house: House, form: str) -> None:
    for path in ("results", "runs", "hours", "days", "matrix"):
        if form == "csv":
            assert lines_of(house, path) == []
        else:
            assert table_of(house, path)[0] == []


def test_an_export_is_of_one_state_of_the_database(house: House) -> None:
    fill(house.engine, runs=3)
    with snapshot(house.engine) as connection:
        pages = result_pages(connection, RunFilter(), only=ANY, after=None)
        found = len(next(pages))
        with house.engine.begin() as other:
            other.execute(sa.delete(ping_results))
            other.execute(sa.delete(runs))
        found += sum(len(page) for page in pages)

    assert found == 3 * SERVERS > FIRST_ROWS
    assert house.get("results")["results"] == []


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_an_export_that_fails_on_its_way_is_no_file(house: House, form: str) -> None:
    fill(house.engine, runs=3)
    asked = 0

    def fail_late(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        nonlocal asked
        asked += "FROM ping_results" in statement
        if asked == 2:
            raise RuntimeError("the database is gone")

    sa.event.listen(house.engine, "before_cursor_execute", fail_late)
    with pytest.raises((ExportBroken, RuntimeError)):
        house.client.get("/api/v1/results", params={"format": form})

    # The connection is back, and so is the place among the exports.
    sa.event.remove(house.engine, "before_cursor_execute", fail_late)
    for _ in range(5):
        assert house.client.get("/api/v1/results", params={"format": form}).status_code == 200
    # Housekeeping may have one for a moment.
    until = time.monotonic() + DEADLINE_S
    while house.engine.pool.checkedout() and time.monotonic() < until:  # type: ignore[attr-defined]  # of a queue
        time.sleep(0.02)
    assert house.engine.pool.checkedout() == 0  # type: ignore[attr-defined]  # of a queue


def test_pages_of_parquet_lead_on_by_a_header(house: House) -> None:
    filled(house)
    found: list[str] = []
    parameters: dict[str, Any] = {"format": "parquet", "limit": 4}
    for _ in range(10):
        answer = house.client.get("/api/v1/hours", params=parameters)
        rows = parquet.read_table(io.BytesIO(answer.content)).to_pylist()
        found += [row["server_id"] + row["hour"].isoformat() for row in rows]
        if "next-cursor" not in answer.headers:
            break
        parameters["cursor"] = answer.headers["next-cursor"]

    assert len(found) == len(set(found)) == 9


def test_pyarrow_is_imported_by_whoever_asks_for_parquet_alone() -> None:
    code = "import sys, collector.app; sys.exit('pyarrow' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0
