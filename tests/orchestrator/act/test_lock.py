import os
import socket
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from orchestrator.act.lock import Held, fleet_lock

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOLDER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from orchestrator.act.lock import fleet_lock
with fleet_lock(Path(sys.argv[1]), fleet="mill", command="orchestrate up", now=datetime.now(UTC)):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_holder_is_told_who_since_when_and_how_to_take_over(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with (
        fleet_lock(path, fleet="mill", command="orchestrate up", now=NOON),
        pytest.raises(Held) as caught,
        fleet_lock(path, fleet="mill", command="orchestrate down", now=NOON),
    ):
        pass
    assert caught.value.exit_code == 2
    assert caught.value.what == (
        f"fleet 'mill' is held by `orchestrate up` (pid {os.getpid()} on {socket.gethostname()})"
        " since 2026-11-23T12:00:00.000000Z"
    )
    assert caught.value.next_step == (
        f"wait until it ends, or take over: kill -INT {os.getpid()}, then run this command again"
    )


def test_a_lock_that_was_let_go_leaves_no_file_and_can_be_taken(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    for _ in range(2):
        with fleet_lock(path, fleet="mill", command="orchestrate up", now=NOON):
            assert path.exists()
        assert not path.exists()


def test_the_lock_of_a_killed_orchestrator_is_free(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(Held), fleet_lock(path, fleet="mill", command="orchestrate up", now=NOON):
            pass
        holder.kill()
    with fleet_lock(path, fleet="mill", command="orchestrate up", now=NOON):
        pass


def test_a_command_with_control_characters_is_shown_safely(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with (
        fleet_lock(path, fleet="mill", command="orchestrate \x1b[2J", now=NOON),
        pytest.raises(Held) as caught,
        fleet_lock(path, fleet="mill", command="orchestrate down", now=NOON),
    ):
        pass
    assert "\x1b" not in str(caught.value)
