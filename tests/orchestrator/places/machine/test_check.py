import json
from pathlib import Path
from typing import Any

import pytest

from orchestrator.places.machine.check import Found, check_program
from orchestrator.places.machine.hosts import MachineHosts
from orchestrator.places.place import NewHost
from tests.orchestrator.places.machine.a_machine import a_host, hosts_of, real_program, told_program


def check(hosts: MachineHosts, *wanted: NewHost, offline: bool = False, **environment: str) -> list[Found]:
    return check_program(
        hosts.program, store=hosts.store, hosts=wanted, environment=environment, offline=offline
    )


def failures(found: list[Found]) -> list[tuple[str, str]]:
    return [(one.detail, one.cause) for one in found if one.state == "failed"]


def test_what_is_fine_names_the_program(tmp_path: Path) -> None:
    program = real_program()
    (found,) = check(hosts_of(program, tmp_path), a_host(amazonec2_region="eu-west-1"))
    assert found.state == "ok"
    assert found.detail.startswith("docker-machine 0.16.2")
    assert list(tmp_path.iterdir()) == [], "a check leaves nothing behind"


@pytest.mark.parametrize(
    ("options", "detail", "cause"),
    [
        ({"amazonec2_regoin": "x"}, "driver amazonec2 has no option `amazonec2-regoin`",
         "did you mean `amazonec2-region`?"),
        ({"amazonec2_monitoring": "yes"}, "option `amazonec2-monitoring` is a switch", ""),
        ({"amazonec2_ami": True}, "option `amazonec2-ami` needs a value", ""),
        ({"amazonec2_secret_key": "hush"},
         "only one of `amazonec2-access-key` and `amazonec2-secret-key` is given", ""),
    ],
)  # fmt: skip
def test_options_that_the_driver_would_refuse_are_found(
    tmp_path: Path, options: dict[str, Any], detail: str, cause: str
) -> None:
    hosts = hosts_of(real_program(), tmp_path)
    for offline in (False, True):
        found = check(hosts, a_host(**options), a_host("edge-2", **options), offline=offline)
        assert failures(found) == [(detail, cause)], "and each mistake is told once"


def test_offline_nobody_looks_for_keys(tmp_path: Path) -> None:
    hosts = hosts_of(told_program(tmp_path / "bin"), tmp_path, environment={"AWS_PROFILE": "nobody"})
    assert [detail for detail, _ in failures(check(hosts, a_host()))] == [
        f"AWS profile 'nobody' has no keys in {tmp_path}/.aws/credentials"
    ]
    assert failures(check(hosts, a_host(), offline=True)) == []


def test_a_driver_that_is_not_there_is_found(tmp_path: Path) -> None:
    found = check(hosts_of(real_program(), tmp_path), a_host(driver="nosuch"))
    assert [detail for detail, _ in failures(found)] == ["docker-machine has no driver 'nosuch'"]


def test_a_name_that_is_too_long_is_found(tmp_path: Path) -> None:
    found = check(hosts_of(real_program(), tmp_path), a_host("a" * 64, driver="none", url="x"))
    assert failures(found)[0][1] == "it has 64 characters, and a host's name has at most 63"


def test_drivers_that_keep_their_secrets_are_warned_of(tmp_path: Path) -> None:
    found = check(hosts_of(real_program(), tmp_path), a_host(driver="digitalocean"))
    (warning,) = [one for one in found if one.state == "warning"]
    assert "digitalocean keeps its secrets (digitalocean-access-token)" in warning.detail


@pytest.mark.parametrize("program", ["/nonexistent/docker-machine", "/bin/echo"])
def test_no_docker_machine_is_found(tmp_path: Path, program: str) -> None:
    (found,) = check(hosts_of(program, tmp_path), a_host())
    assert found.state == "failed"
    assert "ORCHESTRATE_DOCKER_MACHINE" in found.next_step


def test_a_store_of_another_version_is_found(tmp_path: Path) -> None:
    hosts = hosts_of(told_program(tmp_path / "bin"), tmp_path)
    hosts.store.root.mkdir()
    (hosts.store.root / "store.json").write_text('{"v": 9, "program": "x"}')
    assert failures(check(hosts, a_host()))[0][1] == "its store.json has version 9"


def test_machines_of_another_fork_are_warned_of(tmp_path: Path) -> None:
    hosts = hosts_of(told_program(tmp_path / "bin"), tmp_path)
    machine = hosts.store.directory("edge-1")
    machine.mkdir(parents=True)
    (machine / "config.json").write_text(json.dumps({"ConfigVersion": 3, "Driver": {}}))
    hosts.store.prepare(program="rancher-machine 0.15.0-rancher125")
    warnings = [one.detail for one in check(hosts) if one.state == "warning"]
    assert warnings == ["1 hosts were made with rancher-machine 0.15.0-rancher125"]


def test_a_certificate_bundle_for_everything_is_told(tmp_path: Path) -> None:
    hosts = hosts_of(told_program(tmp_path / "bin"), tmp_path)
    details = [one.detail for one in check(hosts, REQUESTS_CA_BUNDLE="/x.pem")]
    assert details[1] == "REQUESTS_CA_BUNDLE is set: it is kept from Docker's connections"
