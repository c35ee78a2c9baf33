"""What stands on which stream, for people, pipes and programs."""

import json
import os
import pty
import subprocess
import sys

import pytest

from tests.orchestrator.commands.a_world import World


def test_json_progress_is_one_versioned_object_a_line_and_nothing_else(world: World) -> None:
    world.write_fleet(testers="{name: a}")
    ended = world.run("up", "--progress", "json")
    events = [json.loads(line) for line in ended.out.splitlines()]
    assert {event["v"] for event in events} == {1}
    assert all({"time", "event"} <= event.keys() for event in events)
    kinds = [event["event"] for event in events]
    assert kinds[0] == "fleet.read"
    assert {"check", "collector.ready", "planned", "host.moved", "run.moved", "sweep.finished"} <= set(kinds)
    last = events[-1]
    assert (last["event"], last["exit_code"], last["data"]["outcome"]) == ("finished", 0, "complete")
    assert last["data"]["matrix"]["testers"]
    assert ended.err == ""


@pytest.mark.parametrize("arguments", [("up",), ("up", "nowhere.yaml"), ("down",), ("watch",)])
def test_a_refusal_is_an_event_where_json_is_asked_for(world: World, arguments: tuple[str, ...]) -> None:
    ended = world.run(*arguments, "--progress", "json")
    assert ended.code == 2
    events = [json.loads(line) for line in ended.out.splitlines()]
    assert [event["event"] for event in events] == ["failed"]
    assert events[0]["exit_code"] == 2


def test_a_pipe_gets_plain_lines_with_a_time_and_no_cursor_codes(world: World) -> None:
    world.write_fleet(testers="{name: a}")
    ended = world.run("up")
    assert "\x1b" not in ended.out + ended.err
    assert "\r" not in ended.out + ended.err
    assert all(line[2] == ":" and line[5] == ":" for line in ended.err.splitlines())


def test_quiet_says_nothing_but_the_answer(world: World) -> None:
    world.write_fleet(testers="{name: a}")
    ended = world.run("up", "--progress", "quiet")
    assert ended.err == ""
    assert "none lost" in ended.out


def on_a_terminal(world: World, *arguments: str, no_color: bool) -> str:
    """Return what a command writes to a terminal."""
    ours, theirs = pty.openpty()
    environment = world.environment() | {"TERM": "xterm-256color"}
    if not no_color:
        del environment["NO_COLOR"]
    process = subprocess.Popen(
        [sys.executable, "-m", "orchestrator", *arguments],
        cwd=world.directory, env=environment, stdin=theirs, stdout=theirs, stderr=theirs,
    )  # fmt: skip
    os.close(theirs)
    seen = b""
    while True:
        try:
            part = os.read(ours, 65_536)
        except OSError:
            break
        if not part:
            break
        seen += part
    os.close(ours)
    assert process.wait(60) == 0, seen
    return seen.decode()


def test_a_terminal_gets_a_live_view_with_colours(world: World) -> None:
    world.write_fleet(testers="{name: a}")
    seen = on_a_terminal(world, "up", no_color=False)
    assert "\x1b[32m" in seen
    assert "1/1 runs" in seen
    assert "Ctrl-C stops watching, not the hosts." in seen


def test_no_color_holds_on_a_terminal(world: World) -> None:
    world.write_fleet(testers="{name: a}")
    seen = on_a_terminal(world, "up", no_color=True)
    assert "1/1 runs" in seen
    assert "\x1b[3" not in seen


def test_a_terminal_is_asked_before_anything_is_deleted(world: World) -> None:
    world.write_fleet(testers="{name: a}")
    world.run("up", "--rm")
    ended = world.run("forget")
    assert ended.code == 2
    assert ended.err == (
        f"nobody is there to answer: Delete {world.of_fleet} and the results in it?\n"
        "  cause: this is no terminal\n"
        "  next:  say --yes if that is what you want\n"
    )
    assert world.of_fleet.exists()


def test_the_plan_fits_80_columns(world: World) -> None:
    world.write_fleet(
        testers="{name: virginia, location: {region: us-east-1}}, "
        "{name: a-tester-with-quite-a-long-name, location: {region: somewhere-far-far-away-1}}"
    )
    ended = world.run("plan")
    assert ended.code == 0
    lines = ended.out.splitlines()
    assert max(len(line) for line in lines) <= 80
    assert lines[2].split() == ["TESTER", "WHERE", "DRIVER", "SPOT", "USD/h", "CHANGE"]
    assert lines[3].split() == ["virginia", "us-east-1", "local", "-", "-", "+", "create"]
    assert lines[-1] == "Plan: 2 to create, 0 to keep, 0 to remove. About 1 s, at most 0.00 USD"
