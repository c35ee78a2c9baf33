import os
import sys
import time
from pathlib import Path

import psutil
import pytest

from orchestrator.places.deadline import Deadline
from orchestrator.places.shell import ProgramFailed, python_command, run, start


def test_a_program_that_overruns_is_stopped_with_its_grandchildren(tmp_path: Path) -> None:
    # The grandchild holds the pipe: killing the child alone would keep us waiting for a minute.
    script = f"sleep 60 & echo $! > {tmp_path}/pid; sleep 60"
    begun = time.monotonic()
    outcome = run(["/bin/sh", "-c", script], deadline=Deadline.after(0.5))
    assert outcome.timed_out
    assert time.monotonic() - begun < 10
    grandchild = int((tmp_path / "pid").read_text())
    for _ in range(100):
        if not psutil.pid_exists(grandchild) or psutil.Process(grandchild).status() == psutil.STATUS_ZOMBIE:
            return
        time.sleep(0.02)
    pytest.fail("the grandchild lives")


def test_what_a_program_says_and_how_it_ended_come_back() -> None:
    outcome = run(["/bin/sh", "-c", "cat; echo no >&2; exit 3"], deadline=Deadline.after(10), stdin=b"yes")
    assert (outcome.code, outcome.stdout, outcome.stderr, outcome.timed_out) == (3, "yes", "no\n", False)


def test_a_program_that_is_not_there_is_told() -> None:
    with pytest.raises(ProgramFailed, match="no-such-program is not there"):
        run(["no-such-program"], deadline=Deadline.after(1))


def test_the_environment_of_a_program_holds_no_secret_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORCHESTRATE_ADMIN_TOKEN", "hush")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hush")
    outcome = run(["/usr/bin/env"], deadline=Deadline.after(10), extra={"COLLECTOR_INSTANCE_ID": "x"})
    assert "hush" not in outcome.stdout
    assert "COLLECTOR_INSTANCE_ID=x" in outcome.stdout


def test_a_detached_program_leads_its_own_session_reads_nothing_and_writes_to_its_log(tmp_path: Path) -> None:
    log = tmp_path / "log"
    script = "import os, sys; print(os.getsid(0) == os.getpid(), repr(sys.stdin.read()), file=sys.stderr)"
    pid = start([sys.executable, "-c", script], log=log)
    assert pid != os.getpid()
    for _ in range(500):
        if log.exists() and log.read_text():
            break
        time.sleep(0.01)
    assert log.read_text() == "True ''\n"
    assert log.stat().st_mode & 0o077 == 0


def test_a_detached_program_that_cannot_be_started_is_told(tmp_path: Path) -> None:
    with pytest.raises(ProgramFailed) as caught:
        start(["/no/such/program"], log=tmp_path / "log")
    assert caught.value.cause == "/no/such/program: No such file or directory"


def test_a_module_of_ours_does_not_import_from_the_working_directory() -> None:
    assert python_command("tester", "check")[1:] == ["-P", "-m", "tester", "check"]
