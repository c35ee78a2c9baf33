"""The profile `scheduler`: sweeps in a container when they are due, and what befalls it."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.bed.engine import docker
from tests.end_to_end.compose.stack import Stack
from tests.end_to_end.conftest import wait_until
from wire.fields import time_text

pytestmark = [pytest.mark.xdist_group("compose"), pytest.mark.root]

FLEET = """
version: 1
name: ticking
defaults: {probe: {count: 3, interval: 20ms, timeout: 500ms, ip: "4"}}
testers: [{name: desk}, {name: shelf}]
servers: [{name: loop, host: 127.0.0.1}, {name: collector, host: collector}]
run: {repeat: 5, every: 1s}
schedule: [{name: often, cron: "* * * * *"}]
"""
OVERDUE = """
import sqlite3, sys
database = sqlite3.connect("/var/lib/orchestrate/ticking/journal.sqlite3", timeout=20)
changed = database.execute("UPDATE schedules SET upto = ?", sys.argv[1:]).rowcount
database.commit()
sys.exit(changed != 1)
"""
"""Lets the journal say that nobody has looked after the schedule for a while."""

KEYS = """
import os, botocore.session
keys = botocore.session.Session().get_credentials()
print(keys.access_key, keys.secret_key, os.environ["ORCHESTRATE_MAX_TTL"])
"""


def history(stack: Stack) -> list[dict[str, Any]]:
    """Return what became of what was due, the newest first, as docs/compose.md tells a person to ask."""
    said = stack.compose("run", "--rm", "-T", "scheduler", "schedule", "history", "--format", "json").stdout
    found: list[dict[str, Any]] = json.loads(said)["sweeps"]
    return [each for each in found if each["outcome"] != "skipped"]


def logged(stack: Stack, text: str) -> bool:
    return text in stack.compose("logs", "--no-color", "scheduler").stdout


def test_a_scheduler_that_is_killed_in_a_sweep_ends_it_once_in_its_next_container(stack: Stack) -> None:
    fleets = stack.folder / "fleets"
    fleets.mkdir()
    (fleets / "fleet.yaml").write_text(FLEET)
    stack.compose("up", "-d", "scheduler")
    wait_until(lambda: logged(stack, "schedule often: * * * * * UTC, due at "), within_s=60)
    upto = time_text(datetime.now(UTC) - timedelta(minutes=2))
    stack.compose("exec", "-T", "scheduler", "python3", "-c", OVERDUE, upto)
    wait_until(lambda: len(stack.runs("ticking")) >= 3, within_s=60)

    stack.compose("kill", "-s", "KILL", "scheduler")
    stack.compose("up", "-d", "--force-recreate", "scheduler")
    wait_until(lambda: logged(stack, "2 removed, 0 left."), within_s=90)
    stack.compose("stop", "scheduler")

    assert logged(stack, "was cut off, and goes on")
    entries = history(stack)
    first = entries[-1]
    # What was under way died with its container; all else was measured, before or after.
    assert first["outcome"] in ("complete", "partial")
    assert first["complete"] in (8, 9, 10)
    assert len({entry["due_at"] for entry in entries}) == len(entries)
    runs = [run for run in stack.runs("ticking") if run["sweep_id"] == first["sweep_id"]]
    assert sorted((run["tester"], run["index"]) for run in runs) == [
        (tester, index) for tester in ("desk", "shelf") for index in range(5)
    ]
    assert {run["state"] for run in runs} <= {"complete", "abandoned"}


def test_keys_of_aws_are_read_from_a_file_that_the_engine_does_not_show(stack: Stack, tmp_path: Path) -> None:
    (stack.folder / "fleets").mkdir(exist_ok=True)
    keys = tmp_path / "credentials"
    keys.write_text("[default]\naws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = wJalrXUtnFEMI\n")
    (stack.folder / "scheduler.env").write_text("ORCHESTRATE_MAX_TTL=90m\n")
    name = f"{stack.name}-keys"
    begun = ("run", "-d", "--no-deps", "--name", name, "--entrypoint", "sleep", "scheduler", "60")
    stack.compose(*begun, extra={"AWS_CREDENTIALS_FILE": str(keys)})
    try:
        found = docker("exec", name, "python3", "-c", KEYS).stdout.split()
        shown = docker("inspect", name).stdout
        is_written = docker("exec", name, "touch", "/etc/orchestrate/x", check=False).returncode == 0
    finally:
        docker("rm", "-f", name)

    assert found == ["AKIAEXAMPLE", "wJalrXUtnFEMI", "90m"]
    assert "wJalrXUtnFEMI" not in shown
    assert not is_written
