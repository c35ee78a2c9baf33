import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from orchestrator.errors import ConfigurationError, FleetFileError
from orchestrator.fleet.file import read_fleet
from orchestrator.fleet.model import Fleet
from orchestrator.fleet.roster import entry_of_row, fleet_in_table, fleet_of_rows, spec_in_table

FLEET = """\
version: 1
name: {name}
defaults:
  probe: {{count: 5, interval: 10ms, timeout: 500ms}}
templates:
  cloud:
    driver: amazonec2
    spot: true
    options: {{amazonec2-region: eu-west-1, amazonec2-subnet-id: "${{SUBNET}}", zone: "007", odd: 1e3}}
testers:
  - {{name: zulu, location: {{region: "NO", lat: 59.9, lon: 10.8}}}}
  - {{name: alpha, use: cloud, provider: aws}}
  - {{name: mike, count: 2}}
servers:
  - {{name: one, host: 127.0.0.1, group: edge}}
  - {{name: two, host: "::1"}}
run: {{repeat: 3, every: 90s}}
collector:
  admin_token: {{env: SOME_TOKEN}}
"""
ENVIRONMENT = {"SUBNET": "subnet-very-private"}

Run = Any


def written(folder: Path, *, name: str) -> Path:
    path = folder / f"{name}.yaml"
    path.write_text(FLEET.format(name=name))
    return path


def alike(one: Fleet, other: Fleet) -> bool:
    return one.model_copy(update={"source": "", "directory": ""}) == other.model_copy(
        update={"source": "", "directory": ""}
    )


def test_an_imported_fleet_is_the_same_from_the_table(served: Any, orchestrate: Run, tmp_path: Path) -> None:
    path = written(tmp_path, name="imported")
    extra = ENVIRONMENT | {"SOME_TOKEN": served.admin_token}

    first = orchestrate("testers", "import", str(path), **extra)
    second = orchestrate("testers", "import", str(path), **extra)

    assert (first.returncode, first.stderr) == (0, "")
    assert first.stdout == "fleet imported: 4 testers added, 0 changed, 0 the same, 0 retired\n"
    assert second.stdout == "fleet imported: 0 testers added, 0 changed, 4 the same, 0 retired\n"
    with served.client() as client:
        from_table = fleet_in_table(client, name="imported", environment=ENVIRONMENT)
        stored = json.dumps([client.fleets(), client.testers(fleet="imported")])
    from_file = read_fleet(path, environment=ENVIRONMENT)
    assert alike(from_table, from_file)
    assert from_table.testers == from_file.testers
    assert from_table.source == f"testers table at {served.url}"
    assert "subnet-very-private" not in stored
    assert "${SUBNET}" in stored


def test_an_export_reads_as_the_same_fleet(served: Any, orchestrate: Run, tmp_path: Path) -> None:
    path = written(tmp_path, name="exported")
    extra = ENVIRONMENT | {"SOME_TOKEN": served.admin_token}
    orchestrate("testers", "import", str(path), **extra)

    exported = orchestrate("testers", "export", "--fleet", "exported", **extra)

    assert exported.returncode == 0, exported.stderr
    assert "subnet-very-private" not in exported.stdout
    again = read_fleet(None, text=exported.stdout, environment=ENVIRONMENT)
    assert alike(again, read_fleet(path, environment=ENVIRONMENT))


def test_a_tester_is_added_found_changed_and_retired(orchestrate: Run, tmp_path: Path) -> None:
    path = tmp_path / "small.yaml"
    path.write_text(
        "version: 1\nname: small\ntesters: [{name: one}]\nservers: [{name: s, host: 127.0.0.1}]\n"
    )
    assert orchestrate("testers", "import", str(path)).returncode == 0

    def small(*arguments: str) -> Any:
        return orchestrate("testers", *arguments, "--fleet", "small")

    added = small(
        "add", "oslo", "--driver", "generic", "--region", "norway", "--option", "generic-ssh-port=0022"
    )
    assert (added.returncode, added.stdout) == (0, "oslo added to fleet small\n"), added.stderr
    twice = small("add", "oslo")
    assert twice.returncode == 2
    assert "fleet 'small' has a tester 'oslo'" in twice.stderr

    found = json.loads(small("find", "NORW", "--format", "json").stdout)["testers"]
    assert [row["name"] for row in found] == ["oslo"]
    assert found[0]["config"]["options"] == {"generic-ssh-port": "0022"}

    assert small("set", "oslo", "probe.count=7", "location.region=sweden").returncode == 0
    [row] = json.loads(small("find", "sweden", "--format", "json").stdout)["testers"]
    assert row["config"]["probe"]["count"] == 7
    assert row["config"]["location"] == {"region": "sweden"}

    wrong = small("set", "oslo", "probe.cuont=7")
    assert wrong.returncode == 2
    assert "cuont" in wrong.stderr
    assert small("set", "nobody", "spot=true").returncode == 2

    assert small("retire", "oslo").stdout == "oslo retired; its results stay\n"
    assert small("retire", "oslo").stdout == "oslo was retired before\n"
    assert "oslo" not in small("list").stdout
    assert "oslo" in small("list", "--retired").stdout
    assert small("add", "oslo").returncode == 0


def test_several_fleets_need_a_name(served: Any, orchestrate: Run) -> None:
    with served.client() as client:
        for name in ("several-a", "several-b"):
            client.put_fleet(uuid4(), name=name, spec={}, orchestrator="a@b")
        with pytest.raises(
            ConfigurationError, match=r"holds several fleets: .*several-a, several-b"
        ) as caught:
            fleet_in_table(client, name=None, environment={})
        with pytest.raises(ConfigurationError, match="has no fleet 'nowhere'"):
            fleet_in_table(client, name="nowhere", environment={})

    assert caught.value.next_step == "say which: --fleet NAME"
    assert orchestrate("testers", "export").returncode == 2


def test_a_wrong_token_changes_nothing(orchestrate: Run, tmp_path: Path) -> None:
    path = tmp_path / "refused.yaml"
    path.write_text(
        "version: 1\nname: refused\ntesters: [{name: a}]\nservers: [{name: s, host: 127.0.0.1}]\n"
    )

    refused = orchestrate("testers", "import", str(path), ORCHESTRATE_ADMIN_TOKEN="hunter2")

    assert refused.returncode == 2
    assert "HTTP 401" in refused.stderr
    assert "hunter2" not in refused.stderr
    assert "refused" not in orchestrate("testers", "list").stdout


def row(name: str, **changes: Any) -> dict[str, Any]:
    made: dict[str, Any] = {"name": name, "location": None, "vps_provider": None, "config": {}}
    return made | {"retired_at": None, "created_at": "2026-01-01T00:00:00Z"} | changes


def test_an_original_row_is_an_ec2_host_in_its_region_with_the_fleets_defaults() -> None:
    spec = {
        "servers": [{"name": "s", "host": "127.0.0.1"}],
        "testers": [{"name": "known", "driver": "local", "probe": {"count": 3}}],
    }
    rows = [
        row("old", location="us-east-1", vps_provider="aws"),
        row("known", config={"driver": "local", "probe": {"count": 3}}),
    ]

    fleet = Fleet.from_spec(spec_in_table({"name": "edge", "spec": spec}, rows, source="table"), {})

    known, old = fleet.testers
    assert known.name == "known"
    assert (old.driver, old.provider, old.region) == ("amazonec2", "aws", "us-east-1")
    assert old.options == {"amazonec2-region": "us-east-1"}
    assert old.probe.count == 3


def test_a_config_that_names_its_driver_wins_over_the_provider() -> None:
    entry = entry_of_row(row("a", vps_provider="aws", config={"driver": "local"}), defaults={})

    assert entry == {"name": "a", "driver": "local"}


def test_rows_that_nobody_can_deploy_are_all_named() -> None:
    rows = [
        row("a", vps_provider="nebula", location="x"),
        row("b"),
        row("c", vps_provider="aws"),
        row("gone", vps_provider="nebula", retired_at="2026-01-02T00:00:00Z"),
    ]

    with pytest.raises(FleetFileError) as caught:
        spec_in_table({"name": "edge", "spec": {}}, rows, source="table")

    assert str(caught.value) == (
        "table: tester `a`: provider `nebula` is unknown here, known: aws, azure, digitalocean, exoscale, "
        "google, hetzner, linode, openstack, rackspace, scaleway, softlayer, upcloud, vultr\n"
        "table: tester `b`: it has neither a config nor a provider\n"
        "table: tester `c`: provider `aws` needs a region as its location"
    )


@pytest.mark.parametrize(
    ("provider", "driver", "option"),
    [
        ("AWS", "amazonec2", "amazonec2-region"),
        ("ec2", "amazonec2", "amazonec2-region"),
        ("Digital Ocean", "digitalocean", "digitalocean-region"),
        ("gcp", "google", "google-zone"),
        ("linode", "linode", "linode-region"),
        ("hetzner", "hetzner", "hetzner-server-location"),
    ],
)
def test_providers_map_to_their_drivers(provider: str, driver: str, option: str) -> None:
    entry = entry_of_row(row("a", vps_provider=provider, location="there"), defaults={})

    assert (entry["driver"], entry["options"]) == (driver, {option: "there"})
    assert entry["provider"] == provider


def test_a_row_refers_to_the_environment_in_its_options_alone() -> None:
    spec = {"servers": [{"name": "s", "host": "${AWS_SECRET_ACCESS_KEY}.example.com"}]}
    rows = [
        row("a", config={"driver": "local", "location": {"region": "${HOME}"}}),
        row("b", config={"driver": "local", "options": {"x": "${HOME}"}, "location": {"region": "$${HOME}"}}),
    ]

    with pytest.raises(FleetFileError) as caught:
        spec_in_table({"name": "edge", "spec": spec}, rows, source="table")

    allowed = "refers to the environment here, which only options and `collector` may"
    assert str(caught.value) == (
        f"table: `servers[0].host` {allowed}\ntable: tester `a`: `location.region` {allowed}"
    )


def test_a_row_that_is_wrong_is_left_out_by_its_name_and_the_others_stay() -> None:
    fleet = {"name": "edge", "spec": {"servers": [{"name": "s", "host": "127.0.0.1"}]}}
    rows = [
        row("good", config={"driver": "local"}),
        row("typo", config={"driver": "local", "probe": {"cuont": 3}}),
        row("nowhere", vps_provider="aws"),
        row("unset", config={"driver": "digitalocean", "options": {"token": "${NO_SUCH_VARIABLE}"}}),
        row("gone", config={"driver": 7}, retired_at="2026-01-02T00:00:00Z"),
    ]

    read = fleet_of_rows(fleet, rows, environment={}, source="table")

    assert [tester.name for tester in read.testers] == ["good"]
    assert dict(read.left_out) == {
        "typo": "probe.cuont: unknown key `cuont` (did you mean `count`?)",
        "nowhere": "provider `aws` needs a region as its location",
        "unset": "variable `NO_SUCH_VARIABLE` is not set (set it, or write `${NO_SUCH_VARIABLE:-default}`)",
    }


def test_a_fleet_without_a_row_that_is_right_is_refused_and_so_is_one_that_is_wrong_itself() -> None:
    broken = [row("a", config={"driver": "local", "probe": {"cuont": 3}})]
    right = [row("a", config={"driver": "local"})]

    with pytest.raises(FleetFileError, match="cuont"):
        fleet_of_rows({"name": "edge", "spec": {}}, broken, environment={}, source="table")
    with pytest.raises(FleetFileError, match="six fields"):
        fleet_of_rows(
            {"name": "edge", "spec": {"schedule": [{"name": "s", "cron": "0 0 3 * * *"}]}},
            right,
            environment={},
            source="table",
        )


@pytest.mark.usefixtures("may_ping")
def test_up_deploys_the_rows_that_are_right_and_names_the_others(served: Any, orchestrate: Run) -> None:
    fleet_id = uuid4()
    with served.client() as client:
        spec = {"version": 1, "servers": [{"name": "s", "host": "127.0.0.1"}]}
        client.put_fleet(fleet_id, name="mixed", spec=spec, orchestrator="a@b")
        quick = {"driver": "local", "probe": {"count": 2, "interval": "10ms", "timeout": "300ms", "ip": "4"}}
        for name, config in (("good", quick), ("typo", {"driver": "local", "probe": {"cuont": 3}})):
            client.put_tester(
                uuid4(),
                fleet_id=fleet_id,
                name=name,
                location=None,
                vps_provider=None,
                config=config,
                token_sha256=None,
            )
    table = ("--from", "testers", "--fleet", "mixed")

    checked = orchestrate("check", *table, "--offline")
    up = orchestrate("up", *table, "--yes")
    down = orchestrate("down", "--fleet", "mixed")

    wrong = (
        "typo: its row in the testers table cannot be deployed: "
        "probe.cuont: unknown key `cuont` (did you mean `count`?)"
    )
    assert (checked.returncode, up.returncode, down.returncode) == (3, 3, 0), up.stderr
    assert wrong in checked.stderr
    assert wrong in up.stderr
    assert "orchestrate testers set typo" in up.stderr
    assert "1 complete" in up.stderr
    assert "mixed: 1 removed, 0 left." in down.stdout + down.stderr
