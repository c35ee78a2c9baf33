"""The views of docs/views.md: what they say, on both engines."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from collector.history.rollups import Roller
from collector.migrate import migrate
from collector.session import engine_of
from tests.collector.reads.a_house import NOON, Found, House
from wire.report import LOST

PAGE = (Path(__file__).parents[3] / "docs" / "views.md").read_text(encoding="utf-8")
VIEWS = ("view_results", "view_latest", "view_runs", "view_paths_hour", "view_paths_day")
TIMES = (
    ("view_results", "ping_results", "ts"),
    ("view_paths_hour", "ping_rollups_hour", "hour"),
    ("view_paths_day", "ping_rollups_day", "day"),
)


def filled(house: House) -> None:
    fleet = house.fleet()
    tester = house.tester(fleet, "oslo", location={"region": "eu-north-1"})
    sweep = house.sweep(fleet)
    for index in range(3):
        house.report(
            tester,
            sweep,
            Found(server="ams", rtt_us=[10_000, 20_000, 30_000, LOST], details={"note": "x"}),
            Found(server="gone", address=None),
            Found(server="dark", address="2001:db8::1", rtt_us=[LOST] * 4, late_known=False),
            index=index,
            started_at=NOON + timedelta(days=index, microseconds=1),
            health={"trusted": False, "reason": "noisy"} if index == 1 else None,
        )
    Roller(house.engine).roll_up(NOON + timedelta(days=5))


def columns_of(house: House, view: str) -> list[str]:
    with house.engine.connect() as connection:
        return list(connection.execute(sa.text(f"SELECT * FROM {view}")).keys())


def rows(house: House, query: str) -> list[dict[str, object]]:
    with house.engine.connect() as connection:
        return [dict(row) for row in connection.execute(sa.text(query)).mappings()]


def documented(view: str) -> list[str]:
    section = re.split(r"^## ", PAGE.split(f"## {view}\n")[1], flags=re.MULTILINE)[0]
    return [
        name
        for line in section.splitlines()
        if line.startswith("| `")
        for name in re.findall(r"`(\w+)`", line.split("|")[1])
    ]


def queries() -> list[str]:
    return re.findall(r"```sql\n(.*?)```", PAGE, flags=re.DOTALL)


def is_for(query: str, engine: str) -> bool:
    first = query.splitlines()[0]
    return not first.startswith("-- ") or first.lower().startswith("-- " + engine[:6])


def test_every_column_of_a_view_is_documented_in_its_order(house: House) -> None:
    assert {view: columns_of(house, view) for view in VIEWS} == {view: documented(view) for view in VIEWS}


def test_every_documented_query_runs(house: House) -> None:
    filled(house)
    ran = [query for query in queries() if is_for(query, house.engine.dialect.name)]

    assert len(ran) >= 6
    for query in ran:
        for statement in filter(str.strip, query.split(";")):
            if house.engine.dialect.name == "postgresql" and "views_reader" in statement:
                # Roles belong to the whole server: see the test of the reader below.
                continue
            rows(house, statement)


def test_a_result_in_the_view_is_the_one_of_the_api(house: House) -> None:
    filled(house)

    found = rows(house, "SELECT * FROM view_results ORDER BY ts, server")

    asked = sorted(house.get("results")["results"], key=lambda item: (item["ts"], item["server"]))
    assert [row["state"] for row in found] == ["lossy", "lost", "dns_failed"] * 3
    for row, result in zip(found, asked, strict=True):
        when = datetime.fromisoformat(result["ts"])
        assert row["ts_us"] == (when - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
        text = str(row["ts"])
        assert text.removesuffix("+00:00") == result["ts"].replace("T", " ").removesuffix("Z")
        assert str(row["run_id"]) == result["run_id"]
        for name in ("tester", "server", "host", "address", "family", "probe_type", "port", "state"):
            assert row[name] == result[name]
        for name in ("planned", "sent", "answered", "late", "duplicate", "reordered"):
            assert row[f"{name}_count"] == result[name]
        for name in ("min_us", "p50_us", "max_us", "mean_us", "dev_us"):
            assert row[name] == result[name]
        assert (row["region"], row["fleet"]) == ("eu-north-1", "edge-latency")
    lost = found[1]
    assert (lost["loss_ratio"], lost["min_us"], lost["p50_us"], lost["mean_us"]) == (1, None, None, None)
    assert (found[2]["loss_ratio"], found[2]["address"]) == (None, None)
    assert [bool(row["trusted"]) for row in found] == [True] * 3 + [False] * 3 + [True] * 3


def test_hours_and_days_in_the_views_are_the_sums_of_trusted_results(house: House) -> None:
    filled(house)

    for view, period in (("view_paths_hour", "hour"), ("view_paths_day", "day")):
        found = rows(house, f"SELECT * FROM {view} WHERE server = 'ams' ORDER BY {period}")
        first, untrusted, _ = found
        start = NOON if period == "hour" else NOON.replace(hour=0)
        assert str(first[period]).startswith(start.strftime("%Y-%m-%d %H:%M:%S"))
        assert first[f"{period}_us"] == int(start.timestamp()) * 1_000_000
        assert (first["result_count"], first["left_out_count"], first["sent_count"]) == (1, 0, 4)
        assert (first["answered_count"], first["late_count"]) == (3, 0)
        figures = [float(str(first[name])) for name in ("loss_ratio", "mean_us", "stddev_us", "ipdv_us")]
        assert figures == pytest.approx([0.25, 20_000, 8164.9658, 10_000])
        assert (untrusted["result_count"], untrusted["left_out_count"], untrusted["mean_us"]) == (0, 1, None)
        [dark, *_] = rows(house, f"SELECT * FROM {view} WHERE server = 'dark' ORDER BY {period}")
        assert (dark["late_count"], dark["min_us"], dark["mean_us"]) == (None, None, None)


def test_the_newest_run_of_each_tester_is_the_latest(house: House) -> None:
    filled(house)

    found = rows(house, "SELECT ts, server FROM view_latest")

    assert {str(row["ts"])[:10] for row in found} == {f"{NOON + timedelta(days=2):%Y-%m-%d}"}
    assert {row["server"] for row in found} == {"ams", "gone", "dark"}


def test_a_run_in_the_view_says_how_it_went(house: House) -> None:
    filled(house)

    found = rows(house, "SELECT * FROM view_runs ORDER BY started_at")

    assert [(row["state"], bool(row["trusted"]), row["reason"]) for row in found] == [
        ("complete", True, None),
        ("complete", False, "noisy"),
        ("complete", True, None),
    ]
    assert [(row["run_index"], row["stored_count"], row["duration_s"]) for row in found] == [
        (0, 3, 4),
        (1, 3, 4),
        (2, 3, 4),
    ]


@pytest.mark.postgres
def test_a_filter_on_time_leaves_partitions_unread(postgres_url: str) -> None:
    now = datetime.now(UTC)
    engine = engine_of(postgres_url)
    with engine.connect() as connection:

        def read(view: str, table: str, time: str, where: str = "") -> int:
            plan = connection.exec_driver_sql(f"EXPLAIN SELECT {time}, server FROM {view} {where}")
            return len(set(re.findall(rf"{table}_\d{{8}}", "\n".join(plan.scalars()))))

        for view, table, time in TIMES:
            wanted = f"WHERE {time} >= '{now:%Y-%m-%d} 00:00+00' AND {time} < '{now:%Y-%m-%d} 00:01+00'"
            assert read(view, table, time) >= 3
            assert read(view, table, time, wanted) == 1
    engine.dispose()


def test_a_filter_on_the_microseconds_of_sqlite_finds_the_index(tmp_path: Path) -> None:
    engine = engine_of(f"sqlite:///{tmp_path}/collector.sqlite3")
    migrate(engine)
    with engine.connect() as connection:
        plan = connection.exec_driver_sql("EXPLAIN QUERY PLAN SELECT * FROM view_results WHERE ts_us > 1000")
        steps = "\n".join(str(row[3]) for row in plan)
    engine.dispose()

    assert "USING INDEX ix_ping_results_ts (ts>?)" in steps


@pytest.mark.postgres
def test_a_reader_of_the_views_sees_no_table(postgres_url: str) -> None:
    engine = engine_of(postgres_url)
    [grants] = [query for query in queries() if "CREATE ROLE views_reader" in query]
    with engine.connect() as connection, connection.begin() as transaction:
        for statement in filter(str.strip, grants.split(";")):
            connection.exec_driver_sql(statement)
        connection.exec_driver_sql("SET LOCAL ROLE views_reader")
        for view in VIEWS:
            assert connection.exec_driver_sql(f"SELECT * FROM {view}").all() == []
        for table in ("tokens", "testers", "ping_results"):
            with pytest.raises(sa.exc.ProgrammingError, match="permission denied"), connection.begin_nested():
                connection.exec_driver_sql(f"SELECT * FROM {table}")
        transaction.rollback()
    engine.dispose()
