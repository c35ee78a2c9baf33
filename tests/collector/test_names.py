"""Reports whose names were read before."""

import json
from dataclasses import replace

import msgspec
import pytest
import sqlalchemy as sa

from collector.ingest.names import KnownNames
from collector.ingest.undecoded import Undecoded
from collector.tables import ping_results, servers
from tests.collector.a_collector import Collector, a_report
from wire.errors import WireError


def labels(collector: Collector) -> list[str]:
    return [row[0] for row in collector.rows(sa.select(servers.c.group).order_by(servers.c.name))]


def test_the_labels_of_the_last_report_stand_also_where_they_were_known_before(collector: Collector) -> None:
    for number, group in enumerate(["edge", "edge", "core", "core", "edge", "edge"]):
        report = a_report(collector.tester_id, index=number)
        results = replace(report.results, group=[group] * 2)
        assert collector.deliver(replace(report, results=results)).status_code == 201
        assert labels(collector) == [group] * 2


def test_reports_of_the_same_names_are_of_the_same_servers(collector: Collector) -> None:
    for number in range(3):
        assert collector.deliver(a_report(collector.tester_id, index=number, rows=3)).status_code == 201

    query = sa.select(ping_results.c.server_id, sa.func.count()).group_by(ping_results.c.server_id)
    assert [row[1] for row in collector.rows(query)] == [3, 3, 3]


def test_names_that_were_refused_are_refused_again(collector: Collector) -> None:
    for number in range(2):
        report = a_report(collector.tester_id, index=number)
        results = replace(report.results, host=["a", "b\x00"])
        assert collector.deliver(replace(report, results=results)).status_code == 422


def names_of(*server: str, **changed: object) -> Undecoded:
    count = len(server)
    columns: dict[str, object] = {
        "server": server,
        "group": ["edge"] * count,
        "host": server,
        "address": [f"192.0.2.{row}" for row in range(count)],
        "family": [4] * count,
        "probe_type": ["icmp"] * count,
        "port": [None] * count,
    }
    figures = {
        name: list[int]() for name in ("planned", "late", "duplicate", "reordered", "warmup", "rtt_us")
    }
    # ASCII, as Python writes it: `ensure_ascii` escapes what no database holds.
    return msgspec.json.decode(json.dumps(figures | columns | changed), type=Undecoded)


def test_other_names_are_told_apart() -> None:
    known = KnownNames()

    one, digest = known.read(names_of("a", "b"))
    again, same = known.read(names_of("a", "b"))
    other, another = known.read(names_of("a", "c"))
    labelled, fourth = known.read(names_of("a", "b", group=["edge", "core"]))

    assert again is one
    assert same == digest
    assert [other.server, labelled.group] == [["a", "c"], ["edge", "core"]]
    assert len({digest, another, fourth}) == 3


def test_only_so_many_names_are_remembered() -> None:
    known = KnownNames(most_rows=4)
    first, _ = known.read(names_of("a", "b"))
    second, _ = known.read(names_of("c", "d"))

    assert known.read(names_of("a", "b"))[0] is first
    known.read(names_of("e", "f"))

    assert known.read(names_of("a", "b"))[0] is first
    assert known.read(names_of("c", "d"))[0] is not second


@pytest.mark.parametrize("text", ["x" * 256, "nul\x00"])
def test_what_no_database_holds_is_refused(text: str) -> None:
    with pytest.raises(WireError, match=r"results\.server"):
        KnownNames().read(names_of(text))
