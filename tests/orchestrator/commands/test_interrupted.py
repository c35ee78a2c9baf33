"""What Ctrl-C does, in each phase."""

import re
import signal
import subprocess

from tests.orchestrator.commands.a_world import World


def until_said(process: subprocess.Popen[str], text: str) -> str:
    """Read what a command says on stderr until it has said `text`."""
    assert process.stderr is not None
    said = ""
    for line in process.stderr:
        said += line
        if text in line:
            return said
    raise AssertionError(said)


def test_ctrl_c_stops_watching_and_the_testers_go_on(world: World) -> None:
    world.write_fleet(run="forever")
    process = world.begin("up")
    until_said(process, "announced")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err.endswith(
        "  cause: Ctrl-C stops the watching, not the hosts\n"
        "  next:  go on: orchestrate up\n"
        "         remove: orchestrate down\n"
    )
    assert re.search(r"^stopped watching; 2 testers go on running: a, b$", err, re.MULTILINE)
    assert len(world.processes()) == 3
    assert world.run("down").code == 0
    assert world.is_clear()


def test_ctrl_c_during_a_sweep_drains_and_removes(world: World) -> None:
    world.write_fleet(run="{repeat: 50, every: 100ms}")
    process = world.begin("sweep")
    until_said(process, "complete")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "2 removed, 0 left." in err
    assert "none lost" in out
    assert world.is_clear()


def test_ctrl_c_before_anything_is_made_leaves_a_fleet_that_down_clears(world: World) -> None:
    world.write_fleet()
    process = world.begin("up")
    until_said(process, "check collector ok")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130
    assert world.run("down").code in (0, 2)
    assert world.is_clear()


def test_a_second_ctrl_c_leaves_at_once_and_says_what_may_be_left(world: World) -> None:
    world.write_fleet(run="forever")
    process = world.begin("sweep")
    until_said(process, "announced")
    for found in world.processes():
        # A tester that cannot react keeps the removal waiting.
        found.send_signal(signal.SIGSTOP)
    process.send_signal(signal.SIGINT)
    until_said(process, "everything is removed")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err.endswith("left at once; hosts of mill may be left behind: orchestrate down\n")
    for found in world.processes():
        found.send_signal(signal.SIGCONT)
    assert world.run("down").code == 0
    assert world.is_clear()


def test_sigterm_is_as_good_as_ctrl_c(world: World) -> None:
    world.write_fleet(testers="{name: a}", run="forever")
    process = world.begin("up")
    until_said(process, "announced")
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == 130
