"""What is told, and what is not, on both engines."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from collector.alerts.message import slack_body, text_of
from collector.alerts.rules import Finding, Format, Webhook
from collector.app import create_app
from collector.session import engine_of
from collector.settings import Settings
from collector.tables import alert_deliveries, alert_occasions, alert_states
from collector.verdicts.evaluate import Judge
from collector.verdicts.thresholds import DEFAULTS
from collector.verdicts.verdict import Scope
from tests.collector.alerts.a_newsroom import Newsroom, a_rule, bullets, some_rules
from tests.collector.alerts.a_receiver import HttpReceiver, receiving
from tests.collector.metrics.scraped import scraped, series
from tests.collector.reads.a_house import ADMIN, NOON, Found, House
from tests.collector.reads.test_verdicts import SLOW_ONE, a_past


@pytest.fixture
def receiver() -> Iterator[HttpReceiver]:
    with receiving() as found:
        yield found


def test_a_slow_region_is_told_once_and_its_recovery_once_from_report_to_message(
    database_url: str, receiver: HttpReceiver
) -> None:
    rules = some_rules(Webhook(url=receiver.url), a_rule(findings=(Finding.SLOW,)))
    settings = Settings(database_url=database_url, admin_token=ADMIN[1], alerts=rules)
    engine = engine_of(database_url)
    with TestClient(create_app(settings, engine=engine)) as client:
        measured = a_past(House(client=client, engine=engine, settings=settings))
        for hours in range(3):
            measured.sweep(NOON + timedelta(hours=hours), SLOW_ONE, SLOW_ONE)
        (first,) = receiver.awaited(1)
        measured.sweep(NOON + timedelta(hours=3), {}, {}, {})
        told = receiver.awaited(2)
        found = scraped(client)
    engine.dispose()

    assert [bullets([one.text])[0][:9] for one in told] == ["• r0 SLOW", "✓ no long"]
    assert first.text.startswith("edge-latency: 1 bad (rule regions)\n• r0 SLOW +")
    assert "RECOVERED" in told[1].text or "r0 OK" in told[1].text
    assert (first.method, first.headers["Content-Type"]) == ("POST", "application/json")
    assert first.key != told[1].key
    outcomes = series("collector_alert_attempts_total", receiver="ops", outcome="delivered")
    assert found[outcomes] in (1.0, 2.0)


def test_what_stays_bad_is_not_told_again_and_what_comes_back_bad_is(
    newsroom: Newsroom, receiver: HttpReceiver
) -> None:
    rules = some_rules(Webhook(url=receiver.url))
    for word in ("ok", "slow", "slow", "watch", "slow", "insufficient", "ok", "ok", "slow"):
        newsroom.round({"r0": word, "r1": "ok"})
        newsroom.tell(rules)

    assert bullets(one.text for one in receiver.heard) == [
        "• r0 SLOW",
        "✓ no longer slow, which it was since 2026-03-01T12:02Z: r0 OK",
        "• r0 SLOW",
    ]


def test_two_of_three_rounds_are_needed_where_a_rule_says_so(
    newsroom: Newsroom, receiver: HttpReceiver
) -> None:
    rules = some_rules(Webhook(url=receiver.url), a_rule(needed=2, of=3))
    counts = []
    for word in ("slow", "ok", "ok", "slow", "insufficient", "ok", "slow", "slow", "ok", "ok", "ok"):
        newsroom.round({"r0": word})
        newsroom.tell(rules)
        counts.append(len(receiver.heard))

    # Told with the second of three, over with the second good one; what could not be judged does not count.
    assert counts == [0, 0, 0, 0, 0, 0, 1, 1, 1, 2, 2]


def test_many_changes_of_a_round_are_one_message_for_each_rule_and_receiver(
    newsroom: Newsroom, receiver: HttpReceiver
) -> None:
    rules = some_rules(
        Webhook(url=receiver.url),
        a_rule(),
        a_rule("north", names=("n*",)),
        a_rule("servers", scopes=(Scope.SERVER,)),
    )
    newsroom.round({"north": "slow", "south": "lossy", **{f"x{n:02}": "slow" for n in range(30)}})
    assert newsroom.tell(rules) == 2
    newsroom.round({"north": "ok", "south": "lost"})
    assert newsroom.tell(rules) == 2

    first, north, second, again = (one.text for one in receiver.heard)
    assert first.startswith("edge: 32 bad (rule regions)\n• north SLOW\n• south LOSSY\n• x00 SLOW\n")
    assert first.endswith("\n… and 12 more")
    assert north == "edge: 1 bad (rule north)\n• north SLOW"
    # Lost is lossy all the same.
    assert "south" not in second
    assert second.startswith("edge: 1 recovered (rule regions)\n✓ no longer slow")
    assert again.startswith("edge: 1 recovered (rule north)\n")


def test_a_rule_may_tell_recoveries_alone_or_only_what_is_bad(
    newsroom: Newsroom, receiver: HttpReceiver
) -> None:
    rules = some_rules(
        Webhook(url=receiver.url), a_rule("ends", tells_bad=False), a_rule("begins", tells_recovered=False)
    )
    for word in ("slow", "ok"):
        newsroom.round({"r0": word})
        newsroom.tell(rules)

    assert [one.text.partition("\n")[0] for one in receiver.heard] == [
        "edge: 1 bad (rule begins)",
        "edge: 1 recovered (rule ends)",
    ]


def test_a_round_that_comes_late_or_was_noted_long_ago_changes_nothing(
    newsroom: Newsroom, receiver: HttpReceiver
) -> None:
    rules = some_rules(Webhook(url=receiver.url))
    newsroom.round({"r0": "ok"})
    newsroom.tell(rules)
    newsroom.round({"r0": "slow"}, at=NOON - timedelta(hours=1))
    newsroom.tell(rules)
    newsroom.round({"r0": "slow"})
    newsroom.now += timedelta(hours=25)
    newsroom.tell(rules)

    assert receiver.heard == []


def test_two_collectors_at_once_tell_it_once(newsroom: Newsroom, receiver: HttpReceiver) -> None:
    rules = some_rules(Webhook(url=receiver.url))
    tellers = [newsroom.teller(rules) for _ in range(4)]
    for number in range(5):
        newsroom.round({f"r{number}": "slow"})
        begin = threading.Barrier(len(tellers))

        def work(one: int, begin: threading.Barrier = begin) -> None:
            begin.wait()
            tellers[one].evaluate()
            tellers[one].deliver()

        threads = [threading.Thread(target=work, args=(one,)) for one in range(len(tellers))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    # One that was not its turn leaves something for the next look.
    newsroom.tell(rules)

    assert bullets(one.text for one in receiver.heard) == [f"• r{number} SLOW" for number in range(5)]
    assert len({one.key for one in receiver.heard}) == 5
    assert {row.attempts for row in newsroom.rows(alert_deliveries)} == {1}


def test_bad_testers_and_failed_sweeps_are_told_with_their_reasons(
    database_url: str, receiver: HttpReceiver
) -> None:
    rules = some_rules(
        Webhook(url=receiver.url),
        a_rule("testers", findings=(Finding.TESTER_BAD,)),
        a_rule("sweeps", findings=(Finding.SWEEP_FAILED, Finding.SWEEP_PARTIAL)),
    )
    engine = engine_of(database_url)
    settings = Settings(database_url=database_url, admin_token=ADMIN[1])
    with TestClient(create_app(settings, engine=engine)) as client:
        house = House(client=client, engine=engine, settings=settings)
        newsroom = Newsroom(engine=engine)
        fleet = house.fleet()
        testers = {name: house.tester(fleet, name, location={"region": f"in-{name}"}) for name in ("a", "b")}

        def swept(outcome: str, note: str | None, *, health: dict[str, object], hours: int) -> None:
            sweep = house.sweep(fleet, started_at=NOON + timedelta(hours=hours))
            for name, tester in testers.items():
                house.report(
                    tester,
                    sweep,
                    Found(server="va", rtt_us=[5_000] * 20),
                    started_at=NOON + timedelta(hours=hours),
                    health=health if name == "b" else None,
                )
            body = {"outcome": outcome, "note": note}
            assert client.post(f"/api/v1/sweeps/{sweep}/finish", json=body, auth=ADMIN).status_code == 200
            newsroom.now = datetime.now(UTC)
            newsroom.tell(rules)

        bad = {"trusted": False, "reason": "the clock steps"}
        swept("failed", "no host could be made", health=bad, hours=0)
        swept("failed", None, health=bad, hours=1)
        swept("complete", None, health={"trusted": True, "reason": None}, hours=2)
    engine.dispose()

    first, second, third, fourth = sorted(bullets(one.text for one in receiver.heard))
    assert first.startswith("• sweep ")
    assert first.endswith(" FAILED: no host could be made")
    assert second == "• tester b (in-b) BAD: the clock steps"
    assert third.startswith("✓ no longer sweep failed")
    assert fourth.startswith("✓ no longer tester bad")
    assert fourth.endswith("tester b (in-b) is fit to measure")


def test_a_tester_that_announced_no_run_is_told_when_its_sweep_has_ended(
    house: House, receiver: HttpReceiver
) -> None:
    rules = some_rules(Webhook(url=receiver.url), a_rule("testers", findings=(Finding.TESTER_BAD,)))
    newsroom = Newsroom(engine=house.engine)
    fleet = house.fleet()
    a, _ = (house.tester(fleet, name, location={"region": f"in-{name}"}) for name in ("a", "b"))
    for outcome in ("skipped", "partial"):
        sweep = uuid4()
        house.put(
            f"sweeps/{sweep}",
            {
                "fleet_id": str(fleet),
                "schedule_id": None,
                "due_at": None,
                "spec": {"testers": ["a", "b"], "repeat": 1},
                "started_at": NOON.isoformat(),
            },
        )
        if outcome != "skipped":
            house.report(a, sweep, Found(server="va", rtt_us=[5_000] * 20))
        body = {"outcome": outcome, "note": None}
        assert house.client.post(f"/api/v1/sweeps/{sweep}/finish", json=body, auth=ADMIN).status_code == 200
        newsroom.now = datetime.now(UTC)
        newsroom.tell(rules)

    assert bullets(one.text for one in receiver.heard) == ["• tester b (in-b) BAD: it announced no run"]


def test_without_rules_occasions_are_noted_and_nothing_else(house: House) -> None:
    measured = a_past(house)
    sweep = measured.sweep(NOON, {})
    Judge(house.engine, DEFAULTS).judge_due(datetime.now(UTC), sweep_id=sweep)

    with house.engine.connect() as connection:
        kinds = connection.execute(sa.select(alert_occasions.c.kind, alert_occasions.c.evaluated_at)).all()
        others = [
            connection.execute(sa.select(sa.func.count()).select_from(table)).scalar()
            for table in (alert_states, alert_deliveries)
        ]
    # A judge that comes later changes nothing.
    assert sorted(kinds) == [("round", None), ("sweep", None)]
    assert others == [0, 0]


def test_of_paths_only_those_with_trouble_are_remembered(newsroom: Newsroom, receiver: HttpReceiver) -> None:
    rules = some_rules(Webhook(url=receiver.url))
    newsroom.round({f"p{number}": "ok" for number in range(50)} | {"bad": "slow"}, scope="path")
    newsroom.tell(rules)

    assert {row.key for row in newsroom.rows(alert_states) if row.scope == "path"} == {"bad"}
    assert bullets([receiver.heard[0].text]) == ["• bad SLOW"]


def test_names_from_outside_are_shown_as_text_and_nothing_else() -> None:
    hostile = "<!channel> <https://evil.example|eu & us> @here \u202e\x1b[31m\n*bold*\x00" + "x" * 1_000
    alert = {
        "status": "bad",
        "sentence": f"{hostile} SLOW",
        "findings": ["slow"],
        "since": "2026-03-01T12:00",
    }
    text = text_of([alert], rule="r", fleet=hostile)
    body = slack_body({"text": text})

    assert body["mrkdwn"] is False
    shown = body["text"]
    assert "<" not in shown
    assert ">" not in shown
    assert "&lt;!channel&gt; &lt;https://evil.example|eu &amp; us&gt; @\u200bhere" in shown
    assert len(shown.splitlines()) == 2
    assert not {"\u202e", "\x1b", "\x00"} & set(shown)
    assert all(len(line) <= 400 for line in text.splitlines())


def test_a_receiver_that_asks_for_data_gets_all_of_it(newsroom: Newsroom, receiver: HttpReceiver) -> None:
    rules = some_rules(Webhook(url=receiver.url, format=Format.JSON))
    sweep_id = newsroom.round({"r0": "slow"})
    newsroom.tell(rules)

    (one,) = receiver.heard
    assert one.json["id"] == one.key
    assert {name: one.json[name] for name in ("version", "rule", "fleet", "sweep_id", "round", "status")} == {
        "version": 1,
        "rule": "regions",
        "fleet": "edge",
        "sweep_id": str(sweep_id),
        "round": 0,
        "status": "bad",
    }
    assert one.json["alerts"] == [
        {
            "status": "bad",
            "findings": ["slow"],
            "scope": "region",
            "key": "r0",
            "label": "r0",
            "since": "2026-03-01T12:01:00.000000Z",
            "sentence": "r0 SLOW",
        }
    ]


@pytest.fixture
def house(database_url: str, tmp_path: Path) -> Iterator[House]:
    engine = engine_of(database_url)
    settings = Settings(database_url=database_url, admin_token=ADMIN[1])
    with TestClient(create_app(settings, engine=engine)) as client:
        yield House(client=client, engine=engine, settings=settings)
    engine.dispose()
