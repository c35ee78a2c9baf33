"""`sweep` is one job: it ends once, in time, with nothing left, and says what is missing."""

import json
import signal
import sqlite3
from contextlib import closing
from typing import Any

from tests.orchestrator.commands.a_world import World
from tests.orchestrator.commands.test_interrupted import until_said

KILLED = -9
SIX = ", ".join(f"{{name: {name}}}" for name in "abcdef")


def rows(world: World, statement: str, *, file: str = "journal.sqlite3") -> list[Any]:
    with closing(sqlite3.connect(f"file:{world.of_fleet / file}?mode=ro", uri=True)) as database:
        return database.execute(statement).fetchall()


def most_at_once(world: World) -> int:
    """Return how many hosts were there at once, by the journal's own record."""
    here: set[str] = set()
    most = 0
    for host, event in rows(world, "SELECT host, event FROM log ORDER BY id"):
        if event == "create_started":
            here.add(host)
        elif event == "removed":
            here.discard(host)
        most = max(most, len(here))
    return most


def sweeps(world: World) -> list[Any]:
    return rows(world, "SELECT outcome FROM sweeps")


def test_a_window_keeps_two_hosts_at_once_and_all_six_measure(world: World) -> None:
    world.write_fleet(testers=SIX, run="{repeat: 2, every: 50ms}")

    ended = world.run("sweep", "--window", "2")

    assert ended.code == 0, ended.err
    assert "check window ok: 2 of 6 hosts at once" in ended.err
    assert most_at_once(world) == 2
    states = rows(world, "SELECT state, count(*) FROM runs GROUP BY 1", file="collector/collector.sqlite3")
    assert states == [("complete", 12)]
    assert world.is_clear()


def test_a_window_is_refused_where_runs_do_not_end_or_testers_measure_each_other(world: World) -> None:
    world.write_fleet(run="forever")
    assert "a window needs runs that end" in world.run("sweep", "--window", "1").err
    path = world.write_fleet()
    path.write_text(path.read_text().replace("host: 127.0.0.1", "from: testers"))
    ended = world.run("sweep", "--window", "1")
    assert ended.code == 2
    assert "testers that measure each other are there at once" in ended.err
    assert not world.of_fleet.exists()


def test_a_sweep_that_lacks_a_tester_is_partial_and_says_what_is_missing_and_why(world: World) -> None:
    world.settings |= {"ORCHESTRATE_CREATE_ATTEMPTS": "1"}
    world.write_fleet(testers="{name: a, probe: {count: 2}}, {name: b}", run="{repeat: 2, every: 3s}")
    process = world.begin("sweep", "--progress", "json")
    assert process.stdout is not None
    for line in process.stdout:
        event = json.loads(line)
        if event["event"] == "run.moved" and event["tester"] == "b":
            break
    for found in world.processes():
        if any("-b-" in part for part in found.cmdline()):
            found.send_signal(signal.SIGKILL)
    out, err = process.communicate(timeout=60)

    assert process.returncode == 3, err
    last = json.loads(out.splitlines()[-1])
    assert last["data"]["outcome"] == "partial"
    (missing,) = last["data"]["missing"]
    assert (missing["tester"], missing["of"]) == ("b", 2)
    assert missing["reason"] == "its host failed, attempt 1 of 1"
    assert last["summary"].startswith(f"Partial: sweep {last['data']['sweep_id']} lacks\n  b ")
    ((outcome, note),) = rows(world, "SELECT outcome, note FROM sweeps", file="collector/collector.sqlite3")
    assert outcome == "partial"
    assert note.startswith("b ")
    assert world.is_clear()


def test_a_sweep_killed_anywhere_and_started_again_ends_once(world: World) -> None:
    world.write_fleet(testers="{name: a}, {name: b}", run="once")
    for record in (3, 7, 12, 16, 20):
        killed = world.run("sweep", "--window", "1", kill_after=record)
        assert killed.code == KILLED, f"record {record}: {killed.err}"
        begun = len(sweeps(world))

        ended = world.run("sweep", "--window", "1")

        assert ended.code == 0, f"record {record}: {ended.err}"
        assert world.is_clear(), f"record {record}"
        # One that was not begun yet when the blow came is begun now.
        assert len(sweeps(world)) == max(begun, 1), f"record {record}"
        assert {outcome for (outcome,) in sweeps(world)} == {"complete"}, f"record {record}"
    assert most_at_once(world) == 1


def test_a_sweep_killed_while_it_removes_is_not_measured_again(world: World) -> None:
    world.write_fleet(testers="{name: a}, {name: b}")
    process = world.begin("sweep")
    until_said(process, "complete: 2 complete")
    process.kill()
    process.communicate(timeout=60)

    ended = world.run("sweep")

    assert ended.code == 0, ended.err
    assert "was finished before (complete); it was cleared up" in ended.err
    assert len(sweeps(world)) == 1
    assert "none lost" in ended.out
    assert world.is_clear()
    assert world.run("sweep").code == 0
    assert len(sweeps(world)) == 2


def test_the_deadline_of_a_sweep_counts_from_its_beginning_whoever_goes_on_with_it(world: World) -> None:
    world.write_fleet(run="{repeat: 500, every: 100ms}", more="limits: {deadline: 3s}")
    process = world.begin("sweep")
    until_said(process, "complete")
    process.kill()
    process.communicate(timeout=60)
    begun = rows(world, "SELECT started_at FROM sweeps")
    past = "SELECT julianday('now') - julianday(started_at) > 3.5 / 86400 FROM sweeps"
    world.wait_until(lambda: rows(world, past) == [(1,)])

    ended = world.run("sweep")

    assert ended.code == 3, ended.err
    assert "limits.deadline of 3 s was over" in ended.err
    assert rows(world, "SELECT started_at FROM sweeps") == begun
    assert world.is_clear()
