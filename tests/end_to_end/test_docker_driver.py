"""The driver `docker` on the engine of this machine."""

import signal
import subprocess
from typing import Any
from uuid import uuid4

import pytest

from orchestrator.places.images.context import write_folder
from tests.end_to_end.conftest import Place, wait_until

FLEET = """
version: 1
name: NAME
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


@pytest.fixture
def name() -> str:
    """A fleet's name that nobody else on this engine has, who may measure at the same time."""
    return f"boxed{uuid4().hex[:6]}"


def ours(fleet: str) -> list[str]:
    """Return containers and volumes of a fleet."""
    containers = docker("ps", "-a", "--format", "{{.Names}}").split()
    volumes = docker("volume", "ls", "--format", "{{.Name}}").split()
    return [name for name in (*containers, *volumes) if name.startswith(f"{fleet}-")]


def test_a_container_measures_beside_a_process_and_leaves_nothing(place: Place, name: str) -> None:
    docker("image", "inspect", "base:bookworm")
    place.fleet(FLEET.replace("NAME", name))

    up = place.run("up")

    assert up.returncode == 0, up.stderr
    runs = place.all_of("/api/v1/runs", "runs")
    assert sorted((run["tester"], run["state"]) for run in runs) == [
        ("box", "complete"),
        ("box", "complete"),
        ("desk", "complete"),
        ("desk", "complete"),
    ]
    assert len(ours(name)) == 2
    again = place.run("up")
    assert again.returncode == 0, again.stderr
    assert "nothing to change" in again.stderr
    down = place.run("down")
    assert down.returncode == 0, down.stderr
    assert ours(name) == []


def test_a_changed_image_replaces_the_container_between_its_runs(place: Place, name: str) -> None:
    docker("image", "inspect", "base:bookworm")
    folder = place.folder / "image"
    write_folder(folder)
    place.fleet(
        FLEET.replace("NAME", name)
        .replace("image: {", "image: {build: image, ")
        .replace(", {name: desk}", "")
        .replace("{repeat: 2, every: 1s}", "{repeat: 5, every: 3s}")
    )
    up = place.begin("up")
    wait_until(lambda: any(run["state"] == "complete" for run in known_runs(place)), within_s=90)
    (container,) = docker("ps", "--format", "{{.Names}}", "--filter", f"name=^{name}-").split()
    former = docker("inspect", "--format", "{{.Image}}", container)
    up.send_signal(signal.SIGINT)
    up.communicate(timeout=60)
    # The same folder and the same fleet: what it is built from is another.
    with (folder / "Dockerfile").open("a") as dockerfile:
        dockerfile.write('LABEL changed="yes"\n')

    again = place.run("up")

    assert again.returncode == 0, again.stderr
    assert docker("inspect", "--format", "{{.Image}}", container) != former
    runs = sorted(known_runs(place), key=lambda run: int(run["index"]))
    assert [run["index"] for run in runs] == [0, 1, 2, 3, 4]
    # One that began in the moment of the replacement says so; none is lost, and none made twice.
    assert [run["state"] for run in runs].count("complete") >= 4
    assert {run["state"] for run in runs} <= {"complete", "truncated"}
    assert place.run("down").returncode == 0
    assert ours(name) == []


def test_a_tester_that_announces_no_run_keeps_its_image(place: Place, name: str) -> None:
    docker("image", "inspect", "base:bookworm")
    folder = place.folder / "image"
    write_folder(folder)
    fleet = FLEET.replace("NAME", name).replace("image: {", "image: {build: image, ")
    fleet = fleet.replace(", {name: desk}", "").replace("{repeat: 2, every: 1s}", "{repeat: 4, every: 3s}")
    place.fleet(f"{fleet}delivery: pull\n")
    up = place.begin("up")
    wait_until(lambda: any(run["state"] == "complete" for run in known_runs(place)), within_s=90)
    (container,) = docker("ps", "--format", "{{.Names}}", "--filter", f"name=^{name}-").split()
    former = docker("inspect", "--format", "{{.Image}}", container)
    up.send_signal(signal.SIGINT)
    up.communicate(timeout=60)
    with (folder / "Dockerfile").open("a") as dockerfile:
        dockerfile.write('LABEL changed="yes"\n')

    again = place.run("up")

    assert again.returncode == 0, again.stderr
    assert docker("inspect", "--format", "{{.Image}}", container) == former
    assert [run["state"] for run in known_runs(place)] == ["complete"] * 4
    assert place.run("down").returncode == 0
    assert ours(name) == []


def known_runs(place: Place) -> list[dict[str, Any]]:
    try:
        return place.all_of("/api/v1/runs", "runs")
    except OSError:
        return []
