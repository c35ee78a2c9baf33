"""What leaves its fleet while it is bad: told as ended once, and nothing else is."""

from uuid import uuid4

import sqlalchemy as sa

from collector.alerts.rules import Command, Finding
from collector.session import writing
from collector.tables import alert_deliveries, alert_states, fleets, servers, testers
from collector.verdicts.verdict import Scope
from tests.collector.alerts.a_newsroom import Newsroom, a_rule, some_rules

RULES = some_rules(Command(run=("true",)), a_rule(findings=tuple(Finding)))


def lines_of(newsroom: Newsroom) -> list[str]:
    return [
        f"{alert['status']} {alert['label']}: {alert['sentence']}"
        for row in newsroom.rows(alert_deliveries)
        for alert in row.message["alerts"]
    ]


def is_open(newsroom: Newsroom) -> dict[str, bool]:
    rows = newsroom.rows(alert_states)
    return {row.key: row.open for row in rows if row.finding == Finding.SLOW and row.scope != Scope.FLEET}


def server(newsroom: Newsroom, name: str) -> str:
    """Make a server known; the fleet's specification is another thing."""
    number = uuid4()
    with writing(newsroom.engine) as connection:
        connection.execute(
            sa.insert(servers).values(
                uuid=number,
                fleet_id=newsroom.fleet_number,
                name=name,
                probe_type="icmp",
                host=name,
                group="edge",
            )
        )
    return str(number)


def specified(newsroom: Newsroom, *names: str) -> None:
    with writing(newsroom.engine) as connection:
        spec = {"servers": [{"name": name, "host": name} for name in names]}
        connection.execute(sa.update(fleets).values(spec=spec))


def test_a_region_without_testers_is_told_as_ended_once(newsroom: Newsroom) -> None:
    newsroom.round({"north": "slow", "south": "slow"})
    newsroom.tell(RULES)
    newsroom.retire("north")
    for _ in range(2):
        newsroom.round({"south": "insufficient"})
        newsroom.tell(RULES)

    assert lines_of(newsroom) == [
        "bad north: north SLOW",
        "bad south: south SLOW",
        "recovered north: north is no part of the fleet any more",
    ]
    assert is_open(newsroom) == {"north": False, "south": True}


def test_what_a_round_still_speaks_of_is_not_ended_by_its_leave(newsroom: Newsroom) -> None:
    newsroom.round({"north": "slow"})
    newsroom.tell(RULES)
    newsroom.retire("north")
    newsroom.round({"north": "slow"})
    newsroom.tell(RULES)

    assert lines_of(newsroom) == ["bad north: north SLOW"]
    newsroom.sweep("complete")
    newsroom.tell(RULES)
    assert lines_of(newsroom)[1:] == ["recovered north: north is no part of the fleet any more"]


def test_a_server_leaves_with_the_specification_and_not_with_one_that_names_none(newsroom: Newsroom) -> None:
    gone, kept = server(newsroom, "gone"), server(newsroom, "kept")
    newsroom.round({gone: "slow", kept: "slow"}, scope="server")
    newsroom.tell(RULES)
    newsroom.round({}, scope="server")
    newsroom.tell(RULES)
    assert is_open(newsroom) == {gone: True, kept: True}

    specified(newsroom, "kept", "other")
    newsroom.round({}, scope="server")
    newsroom.tell(RULES)

    assert is_open(newsroom) == {gone: False, kept: True}
    assert lines_of(newsroom)[2:] == ["recovered gone: gone is no part of the fleet any more"]


def test_a_path_leaves_with_either_end(newsroom: Newsroom) -> None:
    newsroom.round({"north": "ok", "south": "ok"})
    ids = {row.name: str(row.uuid) for row in newsroom.rows(testers)}
    gone, kept = server(newsroom, "gone"), server(newsroom, "kept")
    specified(newsroom, "gone", "kept")
    paths = [f"{ids[tester]} {number}" for tester in ("north", "south") for number in (gone, kept)]
    newsroom.round(dict.fromkeys(paths, "slow"), scope="path")
    newsroom.tell(RULES)

    newsroom.retire("north")
    specified(newsroom, "kept")
    newsroom.round({}, scope="path")
    newsroom.tell(RULES)

    assert {path: is_open(newsroom)[path] for path in paths} == {path: path == paths[3] for path in paths}
    assert {line for line in lines_of(newsroom) if line.startswith("recovered")} == {
        f"recovered {path}: {path} is no part of the fleet any more"
        for path in ("north → gone", "north → kept", "south → gone")
    }


def test_a_rule_that_tells_no_recoveries_tells_no_leave(newsroom: Newsroom) -> None:
    rules = some_rules(Command(run=("true",)), a_rule(tells_recovered=False))
    newsroom.round({"north": "slow"})
    newsroom.tell(rules)
    newsroom.retire("north")
    newsroom.round({})
    newsroom.tell(rules)

    assert lines_of(newsroom) == ["bad north: north SLOW"]
    assert is_open(newsroom) == {"north": False}
