"""`check` prints what holds and where each value comes from, and no secret."""

import json
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from orchestrator.act.configuration import Setting, configuration
from orchestrator.fleet.file import read_with_origins
from orchestrator.fleet.model import Fleet
from orchestrator.fleet.origins import Origin
from orchestrator.settings import Edge, read_settings
from orchestrator.show.configuration import configuration_text, origin_text
from tests.orchestrator.commands.a_world import World

FLEET = """\
version: 1
name: edge
templates:
  cloud:
    driver: digitalocean
    options: {digitalocean-access-token: "${DO_TOKEN}", digitalocean-region: lon1, zone: "${ZONE:-a}"}
defaults: {probe: {count: 7}}
testers:
  - {name: oslo, location: {region: norway}}
  - {name: lon, use: cloud, regions: [lon1, lon2], options: {some-api-key: hunter2-literal}}
servers:
  - {name: ams, host: "${AMS:-192.0.2.1}"}
  - {name: api, host: 192.0.2.2}
run: once
limits: {budget: 1 USD}
profiles:
  smoke: {testers: [lon], probe: {timeout: 1s}, limits: {ttl: 1h}}
"""
LOCAL = """\
collector: {url: 'http://127.0.0.1:1', admin_token: {file: token}}
servers: [{name: ams, group: core}]
"""


def told(
    folder: Path, *, profile: str | None = None, **environment: str
) -> dict[tuple[str, str], tuple[Any, str]]:
    (folder / "fleet.yaml").write_text(FLEET)
    (folder / "fleet.local.yaml").write_text(LOCAL)
    environment = {"HOME": "/home/me", "DO_TOKEN": "hunter2-variable"} | environment
    path = folder / "fleet.yaml"
    fleet, origins = read_with_origins(path, environment=environment, profile=profile)
    edge = Edge(settings=read_settings(environment), environment=environment)
    found = configuration(fleet, origins, edge=edge)
    assert "hunter2" not in json.dumps([setting.to_dict() for setting in found])
    text = configuration_text(found, width=80)
    assert "hunter2" not in text
    assert max(len(line) for line in text.splitlines()) <= 80
    return {
        (setting.part, setting.key): (setting.value, origin_text(setting.origin).replace(f"{folder}/", ""))
        for setting in found
    }


def test_each_value_stands_with_its_file_and_line(tmp_path: Path) -> None:
    found = told(tmp_path)

    assert found["fleet", "name"] == ("edge", "fleet.yaml:2")
    assert found["fleet", "run.repeat"] == (1, "fleet.yaml:14")
    assert found["fleet", "limits.budget"] == ("1 USD", "fleet.yaml:15")
    assert found["fleet", "limits.concurrency"] == (10, "default")
    assert found["tester oslo", "location.region"] == ("norway", "fleet.yaml:9")
    assert found["tester oslo", "driver"] == ("local", "default")
    assert found["tester oslo", "probe.count"] == (7, "fleet.yaml:7, defaults")
    assert found["tester lon-lon2", "driver"] == ("digitalocean", "fleet.yaml:5, template cloud")
    assert found["tester lon-lon2", "location.region"] == ("lon2", "fleet.yaml:10")
    assert found["server ams", "host"] == ("192.0.2.1", "fleet.yaml:12, AMS")
    assert found["server ams", "group"] == ("core", "fleet.local.yaml:2")
    assert found["fleet", "collector.url"] == ("http://127.0.0.1:1", "fleet.local.yaml:1")


def test_a_profile_is_named_and_selects(tmp_path: Path) -> None:
    found = told(tmp_path, profile="smoke")

    assert found["tester lon-lon1", "probe.timeout"] == ("1s", "fleet.yaml:17, profile smoke")
    assert found["tester lon-lon1", "probe.count"] == (7, "fleet.yaml:7, defaults")
    assert found["fleet", "limits.ttl"] == ("1h", "fleet.yaml:17, profile smoke")
    assert found["fleet", "limits.budget"] == ("1 USD", "fleet.yaml:15")
    assert ("tester oslo", "driver") not in found


def test_secrets_are_told_of_and_hidden(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("hunter2-file")
    found = told(tmp_path)

    assert found["tester lon-lon1", "options.digitalocean-access-token"] == (
        "${DO_TOKEN}",
        "fleet.yaml:6, template cloud, DO_TOKEN",
    )
    assert found["tester lon-lon1", "options.some-api-key"] == ("(hidden)", "fleet.yaml:10")
    assert found["fleet", "collector.admin_token"] == ("(hidden), in token", "fleet.local.yaml:1")
    assert told(tmp_path, ORCHESTRATE_ADMIN_TOKEN="hunter2")["fleet", "collector.admin_token"] == (
        "(hidden)",
        "ORCHESTRATE_ADMIN_TOKEN",
    )
    by_file = told(tmp_path, ORCHESTRATE_READER_TOKEN_FILE=f"{tmp_path}/token")
    assert by_file["fleet", "collector.reader_token"] == ("(hidden)", "ORCHESTRATE_READER_TOKEN_FILE: token")


def test_the_environment_says_what_the_fleet_does_not(tmp_path: Path) -> None:
    found = told(tmp_path, ORCHESTRATE_CREATE_DEADLINE="20m", ORCHESTRATE_ALLOWED_TYPES="none", NO_COLOR="1")

    machine = "this machine"
    assert found[machine, "ORCHESTRATE_CREATE_DEADLINE"] == ("20m", "ORCHESTRATE_CREATE_DEADLINE")
    assert found[machine, "ORCHESTRATE_ALLOWED_TYPES"] == ("none", "ORCHESTRATE_ALLOWED_TYPES")
    assert found[machine, "ORCHESTRATE_REMOVE_ATTEMPTS"] == (5, "default")
    assert found[machine, "NO_COLOR"] == (True, "NO_COLOR")


def test_a_fleet_from_the_table_names_its_rows() -> None:
    environment = {"HOME": "/home/me", "ORCHESTRATE_COLLECTOR_URL": "https://me:hunter2@c.example.net"}
    fleet = Fleet.from_spec({"name": "edge", "testers": [{"name": "oslo"}]}, environment)
    edge = Edge(
        settings=read_settings(environment),
        environment=environment,
        stdout=StringIO(),
        clock=lambda: datetime(2026, 1, 1, tzinfo=UTC),
    )

    found = {setting.key: setting for setting in configuration(fleet, None, edge=edge)}

    assert origin_text(found["driver"].origin) == "testers table, row oslo"
    assert origin_text(found["limits.ttl"].origin) == "testers table"
    assert found["collector.url"].value == "https://(hidden)@c.example.net"


@pytest.mark.usefixtures("may_ping")
def test_check_prints_it_for_people_and_as_json(world: World) -> None:
    world.write_fleet(testers="{name: a}, {name: b}")
    people, data = world.run("check", "--offline"), world.run("check", "--offline", "--format", "json")
    lines = world.run("check", "--offline", "--progress", "json")

    assert (people.code, data.code) == (0, 0), people.err
    assert "2 testers: a, b\nprobe.count 2 fleet.yaml:4, defaults\n" in "\n".join(
        " ".join(line.split()) for line in people.out.splitlines()
    )
    answer = json.loads(data.out)
    assert (answer["fleet"], answer["source"]) == ("mill", "fleet.yaml")
    assert {
        "part": "tester a",
        "key": "probe.count",
        "value": 2,
        "from": {"kind": "defaults", "file": "fleet.yaml", "line": 4},
    } in answer["settings"]
    assert json.loads(lines.out.splitlines()[-1])["data"]["configuration"]["fleet"] == "mill"


def test_a_long_path_is_cut_behind_its_slashes() -> None:
    file = "/etc/latency/fleets/of-the-company/north-america.yaml"
    setting = Setting(part="fleet", key="name", value="edge", origin=Origin(kind="file", file=file, line=12))

    lines = configuration_text([setting], width=60).splitlines()

    assert [line.split()[-1] for line in lines[1:]] == [
        "/etc/latency/fleets/",
        "of-the-company/",
        "north-america.yaml:12",
    ]
