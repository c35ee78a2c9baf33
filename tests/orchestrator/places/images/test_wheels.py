import os
import subprocess
import sys
from importlib.metadata import requires
from pathlib import Path

from orchestrator.places.images.wheels import PROJECT, REQUIRED, wheels


def test_the_wheels_are_the_same_bytes_each_time() -> None:
    assert wheels() == wheels()


def test_the_wheels_hold_all_that_the_base_install_requires() -> None:
    needed = {line.partition("=")[0] for line in requires(PROJECT) or () if ";" not in line}
    assert set(REQUIRED) == needed


def test_pip_installs_the_wheels_without_a_registry_and_the_tester_runs_on_them_alone(tmp_path: Path) -> None:
    for wheel in wheels():
        (tmp_path / wheel.name).write_bytes(wheel.content)
    place = tmp_path / "place"
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    pip = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--no-index",
        "--no-cache-dir",
        "--find-links",
        str(tmp_path),
    ]
    subprocess.run(
        [*pip, "--target", str(place), "orchestrate-latency-tester"],
        check=True,
        timeout=120,
        env=environment,
        capture_output=True,
    )
    # -S leaves out everything that is installed here.
    said = subprocess.run(
        [sys.executable, "-S", "-P", "-m", "tester", "--version"],
        check=True,
        timeout=30,
        env=environment | {"PYTHONPATH": str(place)},
        capture_output=True,
        text=True,
    )
    assert said.stdout.startswith("tester ")
    assert {path.name for path in place.iterdir()} >= {"tester", "wire", "icmplib"}
    assert not (place / "orchestrator").exists()
