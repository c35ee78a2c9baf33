"""The driver `docker` on the engine of this machine."""

import subprocess

import pytest

from tests.end_to_end.conftest import Place

FLEET = """
version: 1
name: boxed
defaults: {probe: {count: 3, interval: 20ms, timeout: 500ms, ip: "4"}}
testers: [{name: box, driver: docker}, {name: desk}]
servers: [{name: loop, host: 127.0.0.1}]
run: {repeat: 2, every: 1s}
collector: {port: PORT}
image: {args: {BASE: "base:bookworm"}}
"""
ENGINE = ("docker", "--host", "unix:///var/run/docker.sock")


def docker(*words: str) -> str:
    done = subprocess.run([*ENGINE, *words], capture_output=True, text=True, timeout=60, check=False)
    if done.returncode != 0:
        pytest.skip(f"no Docker engine, or no image base:bookworm: {done.stderr.strip()}")
    return done.stdout


def ours() -> list[str]:
    """Return containers and volumes of fleets called `boxed`."""
    containers = docker("ps", "-a", "--format", "{{.Names}}").split()
    volumes = docker("volume", "ls", "--format", "{{.Name}}").split()
    return [name for name in (*containers, *volumes) if name.startswith("boxed-")]


def test_a_container_measures_beside_a_process_and_leaves_nothing(place: Place) -> None:
    docker("image", "inspect", "base:bookworm")
    place.fleet(FLEET)

    up = place.run("up")

    assert up.returncode == 0, up.stderr
    runs = place.all_of("/api/v1/runs", "runs")
    assert sorted((run["tester"], run["state"]) for run in runs) == [
        ("box", "complete"),
        ("box", "complete"),
        ("desk", "complete"),
        ("desk", "complete"),
    ]
    assert len(ours()) == 2
    again = place.run("up")
    assert again.returncode == 0, again.stderr
    assert "nothing to change" in again.stderr
    down = place.run("down")
    assert down.returncode == 0, down.stderr
    assert ours() == []
