"""What `up` tells of runs and testers while a collector or a tester is away."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from subprocess import Popen
from typing import Any

import psutil
import pytest

from tests.collector.a_collector import ADMIN_TOKEN
from tests.collector.hardship.a_program import Program, a_program
from tests.orchestrator.commands.a_world import World
from tests.orchestrator.watching.a_proxy import Events, a_proxy

RUNS = 5
NO_EVENTS = "it answered HTTP 404 without an error that we know"


@pytest.fixture
def program(database_url: str, tmp_path: Path) -> Iterator[Program]:
    with a_program(database_url, log=tmp_path / "log") as found:
        yield found


def write_fleet(world: World, *, url: str, every: str) -> None:
    token = world.directory / "token"
    token.write_text(ADMIN_TOKEN)
    path = world.write_fleet(testers="{name: a}", run=f"{{repeat: {RUNS}, every: {every}}}")
    path.write_text(
        path.read_text().replace(f"port: {world.port}", f"url: '{url}', admin_token: {{file: {token}}}")
    )


def lines_of(process: "Popen[str]", stream: str) -> Iterator[str]:
    found = getattr(process, stream)
    while line := found.readline():
        yield line


def test_up_tells_each_run_once_although_its_collector_is_killed(world: World, program: Program) -> None:
    program.keep_alive()
    write_fleet(world, url=program.url, every="300ms")
    events: list[dict[str, Any]] = []
    process = world.begin("up", "--progress", "json")
    kills = 0
    for line in lines_of(process, "stdout"):
        event = json.loads(line)
        events.append(event)
        if event["event"] == "run.moved" and (event["index"], event["state"]) == (1, "complete"):
            program.process.kill()
            kills += 1

    assert process.wait(60) == 0, events
    assert kills == 1
    runs = [event for event in events if event["event"] == "run.moved"]
    told = [(event["index"], event["state"]) for event in runs]
    assert len(told) == len(set(told))
    assert {told for told in told if told[1] == "complete"} == {(index, "complete") for index in range(RUNS)}
    for index in range(RUNS):
        assert [state for run, state in told if run == index][-1] == "complete"
    assert {(run["planned"], run["sent"], run["stored"]) for run in runs if run["state"] == "complete"} == {
        (1, 1, 1)
    }
    assert not [event for event in events if event["event"] == "note" and "events" in event["text"]]


def test_a_tester_that_hangs_is_dead_until_it_goes_on_also_where_no_events_come(
    world: World, sqlite_url: str, tmp_path: Path
) -> None:
    world.settings["ORCHESTRATE_SILENT_AFTER"] = "3s"
    with a_program(sqlite_url, log=tmp_path / "log") as program, a_proxy(program.url) as proxy:
        proxy.events = Events.NOT_FOUND
        write_fleet(world, url=proxy.url, every="400ms")
        process = world.begin("up")
        said: list[str] = []
        hung: psutil.Process | None = None
        for line in lines_of(process, "stderr"):
            said.append(line[9:].rstrip("\n"))
            if said[-1].startswith(f"a run 2/{RUNS} complete"):
                (hung,) = (each for each in world.processes() if "tester" in each.cmdline())
                hung.send_signal(signal.SIGSTOP)
            if hung is not None and said[-1] == "a is dead: no heartbeat for 3 s; its process is there":
                hung.send_signal(signal.SIGCONT)

        assert process.wait(60) == 0, said
    told = [line for line in said if line.startswith(("a is ", f"a run {RUNS}/"))]
    assert told[:2] == ["a is dead: no heartbeat for 3 s; its process is there", "a is well again"]
    assert told[-1] == f"a run {RUNS}/{RUNS} complete, 1 of 1 result stored"
    assert [line for line in said if "events" in line] == [
        f"warning: the collector at {proxy.url} sends no events ({NO_EVENTS}); its runs are asked for instead"
    ]
    assert proxy.asked["GET /api/v1/runs"] > RUNS
