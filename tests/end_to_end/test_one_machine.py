"""The main job: one command measures, stores and reports."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.end_to_end.conftest import Place, wait_until

ROOT = Path(__file__).parent.parent.parent

needs_root = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("unshare") is None,
    reason="needs root and unshare to make a network namespace",
)

SMALL = """\
version: 1
name: small
testers:
  - {name: desk, driver: local, location: {region: here}}
  - {name: shelf, driver: local, location: {region: there}}
servers:
  - {name: four, host: 127.0.0.1}
  - {name: six, host: "::1"}
defaults:
  probe: {count: 6, interval: 0.02s, timeout: 1s}
run: {repeat: 2, every: 0.1s}
collector: {port: PORT}
"""

THOUSAND = """\
version: 1
name: thousand
testers: [{name: desk, driver: local}]
defaults:
  probe: {count: 10, interval: 1s, timeout: 2s}
run: once
collector: {port: PORT}
servers:
""" + "".join(f"  - {{name: s{n}, host: 127.{n // 250 + 1}.0.{n % 250 + 1}}}\n" for n in range(1_000))


def test_the_shipped_fleet_is_measured_stored_and_reported_by_one_command(place: Place) -> None:
    shutil.copy(ROOT / "fleet.yaml", place.folder / "fleet.yaml")
    place.fleet("collector: {port: PORT}\n", name="fleet.local.yaml")

    done = place.run("up", "fleet.yaml")

    assert done.returncode == 0, done.stderr
    assert "loopback4" in done.stdout
    assert "desk" in done.stdout
    assert place.url in done.stdout + done.stderr
    results = place.all_of("/api/v1/results?fleet=local-demo", "results")
    assert len(results) == 2 * 2 * 4
    assert all(result["answered"] == result["sent"] == result["planned"] > 0 for result in results)
    assert all(0 < rtt < 1_000_000 for result in results for rtt in result["rtt_us"])


def test_up_again_changes_nothing_and_down_leaves_nothing_but_the_results(place: Place) -> None:
    place.fleet(SMALL)
    assert place.run("up").returncode == 0
    before = place.all_of("/api/v1/runs?fleet=small", "runs")

    again = place.run("up")

    assert again.returncode == 0, again.stderr
    assert place.all_of("/api/v1/runs?fleet=small", "runs") == before
    down = place.run("down")
    assert down.returncode == 0, down.stderr
    assert place.processes() == []
    report = place.run("report", "matrix")
    assert report.returncode == 0, report.stderr
    assert "four" in report.stdout
    assert place.processes() == []
    assert place.run("down").returncode == 0


def test_a_thousand_servers_arrive_in_one_report_with_no_probe_lost(place: Place) -> None:
    place.fleet(THOUSAND)

    done = place.run("up")

    assert done.returncode == 0, done.stderr
    (run,) = place.all_of("/api/v1/runs?fleet=thousand", "runs")
    assert (run["state"], run["planned"], run["stored"]) == ("complete", 1_000, 1_000)
    results = place.all_of("/api/v1/results?fleet=thousand", "results")
    assert len(results) == 1_000
    assert sum(result["answered"] for result in results) == 10_000


def test_a_collector_killed_again_and_again_loses_nothing_and_doubles_nothing(place: Place) -> None:
    testers = "".join(f"  - {{name: t{number}, driver: local}}\n" for number in range(4))
    servers = "".join(f"  - {{name: s{number}, host: 127.0.2.{number}}}\n" for number in range(1, 31))
    place.fleet(
        "version: 1\nname: hardy\n"
        f"testers:\n{testers}servers:\n{servers}"
        "defaults: {probe: {count: 3, interval: 0.02s, timeout: 0.5s}}\n"
        "run: {repeat: 12, every: 0.5s}\n"
        "collector: {port: PORT}\n"
    )
    up = place.begin("up")
    killed = 0
    for stored in (1, 8, 16, 24):
        wait_until(lambda least=stored: _stored_runs(place) >= least)  # type: ignore[misc]  # bound now
        killed += place.kill_collector()
    output, _ = up.communicate(timeout=120)

    assert up.returncode == 0, output
    assert killed == 4
    runs = place.all_of("/api/v1/runs?fleet=hardy", "runs")
    assert len(runs) == 4 * 12
    assert all(run["state"] == "complete" and run["stored"] == run["planned"] == 30 for run in runs)
    results = place.all_of("/api/v1/results?fleet=hardy", "results")
    assert len(results) == 4 * 12 * 30
    assert len({(result["run_id"], result["server_id"]) for result in results}) == len(results)


def test_an_imported_fleet_runs_from_the_table_as_it_does_from_the_file(place: Place) -> None:
    place.fleet(SMALL)
    assert place.run("up").returncode == 0
    token = (place.state / "small" / "collector" / "admin_token").read_text().strip()
    table = {"ORCHESTRATE_COLLECTOR_URL": place.url, "ORCHESTRATE_ADMIN_TOKEN": token}

    imported = place.run("testers", "import", "fleet.yaml", extra=table)
    exported = place.run("testers", "export", "--fleet", "small", extra=table)

    assert imported.returncode == 0, imported.stderr
    assert exported.returncode == 0, exported.stderr
    planned = place.run("plan", "--from", "testers", "--fleet", "small", extra=table)
    assert planned.returncode == 0, planned.stderr
    first_line = (planned.stdout + planned.stderr).splitlines()[0]
    assert "testers table" in first_line, first_line
    swept = place.run("up", "--from", "testers", "--fleet", "small", "--again", extra=table)
    assert swept.returncode == 0, swept.stderr
    runs = place.all_of("/api/v1/runs?fleet=small", "runs")
    assert len(runs) == 2 * 2 * 2
    assert all(run["state"] == "complete" for run in runs)


def test_the_database_alone_gives_a_fleet_that_runs(place: Place) -> None:
    place.fleet(SMALL)
    assert place.run("up").returncode == 0
    assert place.run("down").returncode == 0
    database = place.state / "small" / "collector" / "collector.sqlite3"

    exported = subprocess.run(
        [sys.executable, "-m", "collector", "testers", "export", "--database-url", f"sqlite:///{database}"],
        capture_output=True,
        text=True,
        env=place.environment,
        timeout=30,
        check=True,
    ).stdout

    assert {tester["name"] for tester in yaml.safe_load(exported)["testers"]} == {"desk", "shelf"}
    done = place.run("up", "-", "--again", stdin=exported)
    assert done.returncode == 0, done.stderr
    assert len(place.all_of("/api/v1/runs?fleet=small", "runs")) == 2 * 2 * 2


def test_in_a_pipe_the_lines_are_plain(place: Place) -> None:
    place.fleet(SMALL)

    done = place.run("up")

    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stdout + done.stderr
    assert "\r" not in done.stdout + done.stderr


def test_progress_as_json_is_one_versioned_object_a_line(place: Place) -> None:
    place.fleet(SMALL)

    done = place.run("up", "--progress", "json")

    assert done.returncode == 0, done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert events
    assert all(event["v"] == 1 for event in events)


@needs_root
def test_a_silent_server_and_an_unknown_name_are_results_and_stop_nothing(place: Place) -> None:
    servers = (
        "servers:\n  - {name: silent, host: 10.99.0.2}\n  - {name: nowhere, host: no-such-host.invalid}\n"
    )
    place.fleet(SMALL.replace("servers:\n", servers))

    done = place.run("up", "--rm", "fleet.yaml", prefix=where_one_address_is_silent(place.folder))
    shown = place.run("report", "matrix", "--format", "json")

    assert done.returncode == 0, done.stderr
    assert "nowhere" in done.stdout
    assert shown.returncode == 0, shown.stderr
    matrix = json.loads(shown.stdout)
    names = [server["name"] for server in matrix["servers"]]
    for row in matrix["cells"]:
        states = {name: cell["state"] for name, cell in zip(names, row, strict=True)}
        assert states == {"four": "ok", "six": "ok", "silent": "lost", "nowhere": "dns_failed"}


def where_one_address_is_silent(folder: Path) -> tuple[str, ...]:
    """Return the words before a command that runs it where 10.99.0.2 never answers.

    The namespace has no way out, and names are looked up in files only.
    """
    switch = folder / "nsswitch.conf"
    switch.write_text("hosts: files\n", encoding="ascii")
    script = (
        f"set -e; mount --bind {switch} /etc/nsswitch.conf; "
        "ip link set lo up; ip link add quiet type veth peer name deaf; "
        "ip addr add 10.99.0.1/24 dev quiet; ip link set quiet up; ip link set deaf up; "
        "ip neigh add 10.99.0.2 lladdr 02:00:00:00:00:02 dev quiet; "
        'exec "$@"'
    )
    return ("unshare", "--net", "--mount", "sh", "-c", script, "sh")


def _stored_runs(place: Place) -> int:
    """Return how many runs the collector has the report of, 0 while it does not answer."""
    try:
        runs = place.all_of("/api/v1/runs?fleet=hardy", "runs")
    except OSError:
        return 0
    return sum(run["state"] == "complete" for run in runs)
