"""The newest results, in ping_exporter's names."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from collector.session import writing
from collector.tables import latest
from tests.collector.a_collector import Collector, a_report
from tests.collector.metrics.scraped import named, scraped, series
from tests.collector.reads.a_house import ADMIN, Found, House
from wire.report import LATE, LOST, NOT_SENT

RTT_FIELDS = {
    "ping_rtt_best_seconds": "min_us",
    "ping_rtt_worst_seconds": "max_us",
    "ping_rtt_mean_seconds": "mean_us",
    "ping_rtt_std_deviation_seconds": "dev_us",
}
HOSTILE = 'a"b\\c\nd\te\r{f="g"} 1 # é 日本 \u202e \x7f'


def just_now() -> datetime:
    return datetime.now(UTC) - timedelta(seconds=30)


def labels_of(item: dict[str, Any], fleet: str) -> dict[str, str]:
    found = {
        "fleet": fleet,
        "tester": item["tester"],
        "target": item["server"],
        "ip": item["address"],
        "ip_version": str(item["family"]),
    }
    if item["port"] is not None:
        found |= {"port": str(item["port"]), "probe_type": item["probe_type"]}
    return found


def test_every_figure_is_that_of_the_api(house: House, chance: random.Random) -> None:
    fleet = house.fleet("edge")
    sweep = house.sweep(fleet)
    for name in ("oslo", "lima"):
        tester = house.tester(fleet, name)
        found = [
            Found(
                server=f"server{number}",
                address=address,
                rtt_us=[chance.choice([chance.randrange(900_000), LOST, LATE]) for _ in range(9)],
            )
            for number, address in enumerate(("192.0.2.1", "2001:db8::7", "192.0.2.3"))
        ]
        house.report(tester, sweep, *found, started_at=just_now())

    said = [named(scraped(house.client, openmetrics=wanted), "ping_") for wanted in (False, True)]

    expected = {}
    results = house.get("results")["results"]
    assert len(results) == 6
    for item in results:
        labels = labels_of(item, "edge")
        loss = (item["sent"] - item["answered"]) / item["sent"]
        expected[series("ping_loss_ratio", **labels)] = loss
        for name, field in RTT_FIELDS.items():
            if item["answered"]:
                expected[series(name, **labels)] = item[field] / 1e6
    for run in house.get("runs")["runs"]:
        labels = {"fleet": "edge", "tester": run["tester"]}
        began = datetime.fromisoformat(run["started_at"]).timestamp()
        expected[series("ping_last_run_timestamp_seconds", **labels)] = began
        expected[series("ping_last_run_trusted", **labels)] = 1
        for state in ("ok", "lossy", "lost", "late_only", "not_run", "dns_failed"):
            there = [item for item in results if (item["tester"], item["state"]) == (run["tester"], state)]
            expected[series("ping_last_run_servers", **labels, state=state)] = len(there)
    assert said[0] == said[1] == pytest.approx(expected)


def test_silence_has_no_rtt_and_loses_everything(house: House) -> None:
    fleet = house.fleet("edge")
    house.report(
        house.tester(fleet, "oslo"),
        house.sweep(fleet),
        Found(server="dead", address="192.0.2.1", rtt_us=[LOST] * 4),
        Found(server="late", address="192.0.2.2", rtt_us=[LATE] * 4),
        Found(server="unasked", address="192.0.2.3", rtt_us=[NOT_SENT] * 4),
        Found(server="nameless", address=None, rtt_us=[NOT_SENT] * 4),
        started_at=just_now(),
    )

    said = scraped(house.client)

    assert named(said, "ping_rtt_") == {}
    losses = {dict(labels)["target"]: value for (_, labels), value in named(said, "ping_loss").items()}
    assert losses == {"dead": 1.0, "late": 1.0}
    states = {dict(labels)["state"]: value for (_, labels), value in named(said, "ping_last_run_ser").items()}
    assert states == {"ok": 0, "lossy": 0, "lost": 1, "late_only": 1, "not_run": 1, "dns_failed": 1}


def test_an_answer_within_a_microsecond_is_an_rtt(house: House) -> None:
    fleet = house.fleet("edge")
    tester = house.tester(fleet, "oslo")
    house.report(tester, house.sweep(fleet), Found(server="near", rtt_us=[0, 0]), started_at=just_now())

    assert set(named(scraped(house.client), "ping_rtt_").values()) == {0.0}


def test_a_newer_run_takes_the_place_of_an_older_one(house: House) -> None:
    fleet = house.fleet("edge")
    sweep, tester = house.sweep(fleet), house.tester(fleet, "oslo")
    start = just_now()
    house.report(tester, sweep, Found(server="gone", rtt_us=[10]), started_at=start)
    house.report(
        tester, sweep, Found(server="new", rtt_us=[20]), index=1, started_at=start + timedelta(seconds=5)
    )

    best = named(scraped(house.client), "ping_rtt_best")

    assert [(dict(labels)["target"], value) for (_, labels), value in best.items()] == [("new", 20e-6)]


def test_an_untrusted_run_has_a_time_and_no_figures(house: House) -> None:
    fleet = house.fleet("edge")
    tester, start = house.tester(fleet, "oslo"), just_now()
    bad = {"trusted": False, "reason": "clock stepped"}
    house.report(tester, house.sweep(fleet), Found(server="a", rtt_us=[10]), started_at=start, health=bad)

    labels = {"fleet": "edge", "tester": "oslo"}
    assert named(scraped(house.client), "ping_") == {
        series("ping_last_run_timestamp_seconds", **labels): pytest.approx(start.timestamp()),
        series("ping_last_run_trusted", **labels): 0,
    }


def test_an_old_run_has_a_time_and_no_figures(house: House) -> None:
    fleet = house.fleet("edge")
    tester, sweep, start = house.tester(fleet, "oslo"), house.sweep(fleet), just_now()
    house.report(tester, sweep, Found(server="a", rtt_us=[10]), started_at=start)
    assert named(scraped(house.client), "ping_rtt_best")
    old = start - timedelta(seconds=house.settings.metrics_max_age_s)
    with writing(house.engine) as connection:
        connection.execute(sa.update(latest).values(ts=old))

    labels = {"fleet": "edge", "tester": "oslo"}
    assert named(scraped(house.client), "ping_") == {
        series("ping_last_run_timestamp_seconds", **labels): pytest.approx(old.timestamp()),
        series("ping_last_run_trusted", **labels): 1,
    }


def test_a_retired_tester_is_not_shown(house: House) -> None:
    fleet = house.fleet("edge")
    tester = house.tester(fleet, "oslo")
    house.report(tester, house.sweep(fleet), Found(server="a", rtt_us=[10]), started_at=just_now())
    assert house.client.post(f"/api/v1/testers/{tester}/retire", auth=ADMIN).status_code == 200

    assert named(scraped(house.client), "ping_") == {}


def test_fleets_with_the_same_names_stay_apart(house: House) -> None:
    for name in ("edge", "core"):
        fleet = house.fleet(name)
        tester = house.tester(fleet, "oslo")
        house.report(tester, house.sweep(fleet), Found(server="a", rtt_us=[10]), started_at=just_now())

    best = named(scraped(house.client), "ping_rtt_best")

    assert {dict(labels)["fleet"] for _, labels in best} == {"edge", "core"}


def test_ports_of_one_address_stay_apart_and_icmp_has_ping_exporters_labels(collector: Collector) -> None:
    report = a_report(collector.tester_id, rows=3, rtt_us=[1000])
    results = replace(
        report.results,
        server=["web"] * 3,
        host=["web.example.net"] * 3,
        address=["192.0.2.1"] * 3,
        probe_type=["icmp", "tcp", "tcp"],
        port=[None, 80, 443],
    )
    assert collector.deliver(replace(report, results=results)).status_code == 201

    best = named(scraped(collector.client), "ping_rtt_best")

    icmp = {"fleet": "edge", "tester": "oslo", "target": "web", "ip": "192.0.2.1", "ip_version": "4"}
    assert set(best) == {
        series("ping_rtt_best_seconds", **icmp),
        series("ping_rtt_best_seconds", **icmp, port="80", probe_type="tcp"),
        series("ping_rtt_best_seconds", **icmp, port="443", probe_type="tcp"),
    }


def test_hostile_names_come_back_as_they_are(house: House) -> None:
    fleet = house.fleet(HOSTILE)
    tester = house.tester(fleet, HOSTILE)
    house.report(tester, house.sweep(fleet), Found(server=HOSTILE, rtt_us=[10]), started_at=just_now())

    for openmetrics in (False, True):
        ((_, labels),) = named(scraped(house.client, openmetrics=openmetrics), "ping_rtt_best")
        assert {dict(labels)[name] for name in ("fleet", "tester", "target")} == {HOSTILE}


def test_a_server_of_many_testers_and_a_tester_without_runs(house: House) -> None:
    fleet = house.fleet("edge")
    sweep = house.sweep(fleet)
    house.tester(fleet, "idle")
    for name in ("oslo", "lima", "rome"):
        house.report(house.tester(fleet, name), sweep, Found(server="a", rtt_us=[5]), started_at=just_now())

    said = scraped(house.client)

    assert [dict(labels)["tester"] for _, labels in named(said, "ping_loss")] == ["lima", "oslo", "rome"]
    assert all(dict(labels)["tester"] != "idle" for _, labels in named(said, "ping_"))
