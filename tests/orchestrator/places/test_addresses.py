"""Where other testers reach a host, of each place."""

import json
from pathlib import Path
from typing import Any

import pytest

from orchestrator.places.by_driver import PlacesByDriver
from orchestrator.places.engines.container_place import ContainerPlace
from orchestrator.places.engines.docker import DockerHosts
from orchestrator.places.local import LocalPlace
from orchestrator.places.machine.hosts import MachineHosts
from orchestrator.places.place import LOOPBACK, Place

HOST = "mill-a-7d444840-0f0f"


def an_engine_at(root: Path, url: str) -> DockerHosts:
    (root / HOST).mkdir(parents=True)
    (root / HOST / "engine.json").write_text(json.dumps({"v": 1, "url": url, "tls": None}))
    return DockerHosts(root=root, environment={})


def machines(root: Path, **driver: Any) -> MachineHosts:
    hosts = MachineHosts(
        program="docker-machine",
        store=root / "machines",
        testers=root / "testers",
        keys=root / "keys",
        environment={},
    )
    if driver:
        directory = hosts.store.directory(HOST)
        directory.mkdir(parents=True)
        config = {"ConfigVersion": 3, "DriverName": "amazonec2", "Driver": driver}
        (directory / "config.json").write_text(json.dumps(config))
    return hosts


def a_place(hosts: DockerHosts | MachineHosts, *, root: Path) -> ContainerPlace:
    return ContainerPlace(hosts=hosts, images=None, root=root, keeps_disk=lambda _: False)


def test_a_tester_of_this_machine_has_the_loopback(tmp_path: Path) -> None:
    assert LocalPlace(root=tmp_path).address(HOST) == LOOPBACK


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("unix:///var/run/docker.sock", LOOPBACK),
        ("ssh://ops@edge.example.net:2222", "edge.example.net"),
        ("tcp://192.0.2.1:2376", "192.0.2.1"),
        ("tcp://[2001:db8::1]:2376", "2001:db8::1"),
        ("tcp://127.0.0.1:2375", None),
        ("tcp://localhost:2375", None),
    ],
)
def test_a_container_has_the_address_of_its_engine(tmp_path: Path, url: str, address: str | None) -> None:
    assert a_place(an_engine_at(tmp_path, url), root=tmp_path).address(HOST) == address


def test_an_engine_that_nobody_knows_has_no_address(tmp_path: Path) -> None:
    assert DockerHosts(root=tmp_path, environment={}).address(HOST) is None


@pytest.mark.parametrize(
    ("driver", "address"),
    [
        ({"IPAddress": "192.0.2.7"}, "192.0.2.7"),
        ({"IPAddress": "192.0.2.7", "URL": "tcp://192.0.2.8:2376"}, "192.0.2.7"),
        ({"URL": "tcp://192.0.2.8:2376"}, "192.0.2.8"),
        ({"InstanceId": "i-1"}, None),
        ({}, None),
    ],
)
def test_a_machine_has_the_address_in_its_store(
    tmp_path: Path, driver: dict[str, str], address: str | None
) -> None:
    assert a_place(machines(tmp_path, **driver), root=tmp_path).address(HOST) == address


def test_each_host_is_asked_of_its_own_place(tmp_path: Path) -> None:
    places: dict[str, Place] = {
        "local": LocalPlace(root=tmp_path),
        "amazonec2": a_place(machines(tmp_path, IPAddress="192.0.2.7"), root=tmp_path),
    }
    drivers = {"here": "local", HOST: "amazonec2"}
    place = PlacesByDriver(driver_of=drivers.__getitem__, place_for=places.__getitem__)

    assert [place.address(name) for name in drivers] == [LOOPBACK, "192.0.2.7"]
