"""`up` converges: what is there stays, what is missing is made, what fails stops nobody else."""

import json
import re
import signal
import sqlite3
from pathlib import Path

import psutil

from orchestrator.act.schema import VERSION
from tests.orchestrator.commands.a_world import World


def hosts(world: World) -> list[dict[str, str]]:
    found: list[dict[str, str]] = json.loads(world.run("status", "--format", "json").out)["hosts"]
    return found


def test_up_measures_reports_and_says_where_the_api_is(world: World) -> None:
    world.write_fleet()
    ended = world.run("up")
    assert ended.code == 0, ended.err
    assert "4 probes, none lost" in ended.out
    assert f"The API is at http://127.0.0.1:{world.port}/api/v1" in ended.err


def test_connect_times_are_measured_where_pings_would_be_dropped(world: World) -> None:
    world.write_fleet(
        testers=f"{{name: a, probe: {{type: tcp, port: {world.port}, count: 5, interval: 10ms}}}}"
    )
    ended = world.run("up")
    assert ended.code == 0, ended.err
    assert "check ping" not in ended.err
    assert "none lost" in ended.out
    job = json.loads(next(world.state.rglob("job.json")).read_text())
    assert (job["probe"]["type"], job["probe"]["port"]) == ("tcp", world.port)


def test_the_worst_paths_are_traced_after_a_run(world: World) -> None:
    world.write_fleet(testers="{name: a, probe: {count: 2, interval: 10ms, trace: worst}}")
    ended = world.run("up")
    assert ended.code == 0, ended.err
    server = json.loads(world.run("report", "matrix", "--format", "json").out)["servers"][0]["name"]
    path = world.run("report", "path", "a", server)
    assert "The path to 127." in path.out


def test_up_twice_changes_nothing(world: World) -> None:
    world.write_fleet()
    world.run("up")
    before, living = hosts(world), {process.pid for process in world.processes()}
    ended = world.run("up")
    assert ended.code == 0, ended.err
    assert "nothing to change" in ended.err
    assert hosts(world) == before
    assert {process.pid for process in world.processes()} == living


def test_a_fleet_file_on_stdin_is_brought_up(world: World) -> None:
    path = world.write_fleet()
    text = path.read_text()
    path.unlink()
    ended = world.run("up", "-", stdin=text)
    assert ended.code == 0, ended.err


def test_an_embedded_collector_that_died_is_started_again_and_has_its_results(world: World) -> None:
    world.write_fleet(testers="{name: a}")
    world.run("up")
    for process in world.processes():
        process.send_signal(signal.SIGKILL)
    world.wait_until(lambda: not world.processes())
    ended = world.run("up")
    assert ended.code == 0, ended.err
    assert "none lost" in ended.out


def test_a_report_after_down_opens_the_results_and_leaves_nothing_running(world: World) -> None:
    world.write_fleet(testers="{name: a}")
    world.run("up", "--rm")
    assert world.is_clear()
    ended = world.run("report", "matrix")
    assert "none lost" in ended.out, ended.err
    assert world.is_clear()


def test_a_tester_that_is_killed_gets_another_host_and_the_others_go_on(world: World) -> None:
    world.write_fleet(run="{repeat: 3, every: 1s}")
    process = world.begin("up")
    kill_testers(world, "mill-a-", times=1)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert "attempt 2 of 2" in err
    assert "a is dead: its tester was killed" in err
    assert "none lost" in out


def test_a_tester_that_fails_for_good_is_exit_3_with_its_card_and_the_others_reported(world: World) -> None:
    world.write_fleet(run="{repeat: 3, every: 1s}")
    process = world.begin("up")
    kill_testers(world, "mill-a-", times=2)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 3, err
    card = err[err.rindex("\na: ") :]
    assert re.search(r"\d runs? abandoned\n  cause: its host failed, attempt 2 of 2", card), card
    assert "next:  orchestrate logs a, then orchestrate up --again --only a" in card
    assert "\nb " in out


def kill_testers(world: World, part: str, *, times: int) -> None:
    """Kill the tester of a host as soon as it shows, and those of the hosts that take its place."""
    killed: set[str] = set()

    def found() -> bool:
        for process in world.processes():
            try:
                words = process.cmdline()
                job = next((word for word in words if f"/{part}" in word and word.endswith("job.json")), None)
                # What starts a tester has the same arguments, for a moment.
                starts = any(word.endswith("detach.py") for word in words)
                if job is not None and job not in killed and not starts:
                    process.send_signal(signal.SIGKILL)
                    killed.add(job)
            except psutil.Error:
                continue
        return len(killed) >= times

    world.wait_until(found)


def test_runs_that_do_not_end_before_limits_deadline_are_abandoned_with_that_reason(world: World) -> None:
    world.write_fleet(testers="{name: a}", run="{repeat: 9, every: 1h}", more="limits: {deadline: 2s}")
    ended = world.run("up")
    assert ended.code == 3, ended.err
    assert "cause: limits.deadline of 2 s was over" in ended.err


def test_the_journal_of_a_newer_version_is_refused_with_the_remedy(world: World) -> None:
    world.write_fleet()
    world.of_fleet.mkdir(parents=True)
    journal = world.of_fleet / "journal.sqlite3"
    with sqlite3.connect(journal) as db:
        db.execute("PRAGMA user_version = 70")
    db.close()
    ended = world.run("up")
    assert ended.code == 2
    assert ended.err.endswith(
        f"the journal {journal} is of version 70, this orchestrator reads {VERSION}\n"
        "  cause: a newer orchestrator has worked on this fleet\n"
        "  next:  install that version, and run the command again\n"
    )
    assert not world.processes()


def test_a_removed_testers_log_can_be_read_after_down(world: World) -> None:
    world.write_fleet(testers="{name: a}")
    world.run("up", "--rm")
    ended = world.run("logs", "a")
    assert ended.code == 0
    assert "run_finished" in ended.out


def test_secrets_stand_in_no_command_line_and_in_no_environment(world: World) -> None:
    world.write_fleet(testers="{name: a}", run="forever")
    assert world.run("up", "--detach").code == 0
    secrets = [path.read_text().strip() for path in secret_files(world)]
    assert len(secrets) >= 3
    for process in world.processes():
        shown = " ".join(process.cmdline()) + " ".join(process.environ().values())
        assert not any(secret in shown for secret in secrets)
    assert all(path.stat().st_mode & 0o077 == 0 for path in secret_files(world))


def secret_files(world: World) -> list[Path]:
    tokens = [path for path in (world.of_fleet / "tokens").iterdir() if path.suffix != ".told"]
    return [*tokens, world.of_fleet / "collector" / "admin_token", *world.of_fleet.glob("testers/*/token")]


def test_up_on_a_finished_sweep_says_that_the_fleet_has_changed_since(world: World) -> None:
    world.write_fleet()
    assert world.run("up").code == 0
    same = world.run("up")
    world.write_fleet(testers="{name: a}, {name: c}")
    other = world.run("up")
    assert "is finished (complete); measure again" in same.err
    assert "is finished (complete), and the fleet has changed since; measure again" in other.err
