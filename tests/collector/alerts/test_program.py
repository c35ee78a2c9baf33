"""A program that is told: what it gets, and that it ends."""

import json
import stat
import time
from pathlib import Path
from uuid import UUID

import pytest

from collector.alerts.message import trial_message
from collector.alerts.program import run
from collector.alerts.rules import Command
from tests.collector.reads.a_house import NOON

MESSAGE = trial_message(key=UUID(int=7), now=NOON)
ENDS_WITHIN_S = 20.0


def script(directory: Path, text: str) -> str:
    path = directory / "told"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def test_it_gets_the_message_on_stdin_and_none_of_our_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLLECTOR_ADMIN_TOKEN", "a-secret")
    program = script(
        tmp_path, f'cat > {tmp_path}/stdin; env > {tmp_path}/env; echo "$1" > {tmp_path}/argument'
    )
    outcome = run(Command(run=(program, "$(id); *")), MESSAGE)

    assert (outcome.delivered, outcome.note) == (True, "exit code 0")
    assert json.loads((tmp_path / "stdin").read_text()) == MESSAGE
    given = (tmp_path / "env").read_text()
    assert "a-secret" not in given
    assert f"ALERT_ID={MESSAGE['id']}" in given
    assert "ALERT_STATUS=test" in given
    # No shell has read it.
    assert (tmp_path / "argument").read_text() == "$(id); *\n"


def test_a_program_that_fails_says_why_and_is_tried_again(tmp_path: Path) -> None:
    outcome = run(Command(run=(script(tmp_path, "echo no route >&2; exit 3"),)), MESSAGE)
    assert (outcome.delivered, outcome.again, outcome.note) == (False, True, "exit code 3: no route")
    gone = run(Command(run=(str(tmp_path / "gone"),)), MESSAGE)
    assert gone.note == "it cannot be run: No such file or directory"


def test_one_that_talks_without_an_end_or_does_not_read_is_none_that_waits_for_us(tmp_path: Path) -> None:
    loud = (
        "i=0; while [ $i -lt 3000 ]; do echo 0123456789012345678901234567890123456789 >&2; i=$((i+1)); done"
    )
    outcome = run(Command(run=(script(tmp_path, f"{loud}; exec 0<&-; exit 1"),)), MESSAGE)
    assert outcome.note.startswith("exit code 1: ")
    assert len(outcome.note) < 400


def test_one_that_does_not_end_is_killed_with_all_that_it_has_started(tmp_path: Path) -> None:
    program = script(tmp_path, f"sleep 600 & echo $! > {tmp_path}/pid; wait")
    outcome = run(Command(run=(program,), timeout_s=0.5), MESSAGE)

    assert (outcome.delivered, outcome.note) == (False, "it took longer than 0.5 s, and was killed")
    child = int((tmp_path / "pid").read_text())
    until = time.monotonic() + ENDS_WITHIN_S
    while is_running(child) and time.monotonic() < until:
        time.sleep(0.01)
    assert not is_running(child)


def test_one_that_is_told_when_the_collector_stops_does_not_keep_it(tmp_path: Path) -> None:
    outcome = run(Command(run=(script(tmp_path, "sleep 600"),)), MESSAGE, stopping=lambda: True)
    assert outcome.note == "the collector stops, and was killed"


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"
