import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from orchestrator.places.deadline import Deadline
from orchestrator.places.shell import ProgramFailed, follow, python_command, run, start


def is_gone(pid: int) -> bool:
    for _ in range(100):
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.02)
    return False


def test_a_program_that_overruns_is_stopped_with_its_grandchildren(tmp_path: Path) -> None:
    # The grandchild holds the pipe: killing the child alone would keep us waiting for a minute.
    script = f"sleep 60 & echo $! > {tmp_path}/pid; sleep 60"
    begun = time.monotonic()
    outcome = run(["/bin/sh", "-c", script], deadline=Deadline.after(0.5))
    assert outcome.timed_out
    assert time.monotonic() - begun < 10
    assert is_gone(int((tmp_path / "pid").read_text()))


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


def test_a_stranger_gets_the_environment_that_is_given_and_nothing_of_ours() -> None:
    outcome = run(["/usr/bin/env"], deadline=Deadline.after(10), environment={"MACHINE_STORAGE_PATH": "x"})
    assert "MACHINE_STORAGE_PATH=x" in outcome.stdout
    assert "PYTHONPATH" not in outcome.stdout


def sh(script: str) -> list[str]:
    return ["/bin/sh", "-c", script]


def test_a_followed_program_writes_to_its_log_and_each_line_is_told_while_it_runs(tmp_path: Path) -> None:
    log, lines = tmp_path / "log", list[str]()
    log.write_text("before\n")
    go_on = tmp_path / "go-on"

    def on_line(line: str) -> None:
        lines.append(line)
        if line == "one":
            go_on.touch()

    script = f"echo one; until [ -e {go_on} ]; do sleep 0.01; done; echo two >&2; printf three; exit 4"
    outcome = follow(sh(script), log=log, deadline=Deadline.after(20), environment={}, on_line=on_line)
    assert (outcome.code, outcome.stdout, lines) == (4, "one\ntwo\nthree", ["one", "two", "three"])
    assert log.read_text() == "before\none\ntwo\nthree"


def test_the_log_of_a_followed_program_is_for_its_owner_alone(tmp_path: Path) -> None:
    follow(["/bin/true"], log=tmp_path / "log", deadline=Deadline.after(10), environment={})
    assert (tmp_path / "log").stat().st_mode & 0o077 == 0


def test_a_followed_program_that_overruns_is_stopped_with_its_session(tmp_path: Path) -> None:
    # The grandchild leads a group of its own, as a shell's job does: it is still in the session.
    script = (
        "import os, subprocess, sys; print('begun', flush=True);"
        "child = subprocess.Popen(['sleep', '60'], process_group=0);"
        "open(sys.argv[1], 'w').write(str(child.pid)); child.wait()"
    )
    program = [sys.executable, "-c", script, str(tmp_path / "pid")]
    outcome = follow(program, log=tmp_path / "log", deadline=Deadline.after(1), environment={})
    assert (outcome.timed_out, outcome.stopped, outcome.stdout) == (True, False, "begun\n")
    assert outcome.code < 0
    assert is_gone(int((tmp_path / "pid").read_text()))


def test_a_followed_program_ends_when_somebody_asks_for_it(tmp_path: Path) -> None:
    stop = threading.Event()
    outcome = follow(
        sh("echo begun; sleep 60"), log=tmp_path / "log", deadline=Deadline.after(30), environment={},
        on_line=lambda _: stop.set(), stop=stop.is_set,
    )  # fmt: skip
    assert (outcome.timed_out, outcome.stopped) == (False, True)


FOLLOWING = """
import sys
from pathlib import Path
from orchestrator.places.deadline import Deadline
from orchestrator.places.shell import follow
script = "echo begun; sleep 1; echo more; echo done > " + sys.argv[2]
follow(["/bin/sh", "-c", script], log=Path(sys.argv[1]), deadline=Deadline.after(60), environment={},
       on_line=lambda line: print(line, flush=True))
"""


def test_a_followed_program_outlives_the_sudden_death_of_its_follower(tmp_path: Path) -> None:
    log, done = tmp_path / "log", tmp_path / "done"
    follower = subprocess.Popen(
        [sys.executable, "-c", FOLLOWING, str(log), str(done)], stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    assert follower.stdout is not None
    assert follower.stdout.readline() == b"begun\n"
    follower.kill()
    follower.wait(timeout=10)
    follower.stdout.close()
    for _ in range(500):
        if done.exists():
            break
        time.sleep(0.02)
    assert log.read_text() == "begun\nmore\n"


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
