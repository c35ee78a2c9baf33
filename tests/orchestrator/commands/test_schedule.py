"""A schedule begins each sweep once, however often it is killed and however many look after it."""

import json
import shutil
import signal
import sqlite3
import subprocess
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.orchestrator.commands.a_world import World
from tests.orchestrator.commands.joined import another, pointed
from tests.orchestrator.commands.test_interrupted import until_said
from tests.orchestrator.served import Served
from wire.fields import time_text

OFTEN = 'schedule: [{name: often, cron: "* * * * *", timezone: Europe/Oslo}]'


def let_it_be_due(world: World, *, since: timedelta = timedelta(minutes=2)) -> None:
    """Let the journal say that nobody has looked after the schedules for a while."""
    upto = time_text(datetime.now(UTC) - since)
    with closing(sqlite3.connect(world.of_fleet / "journal.sqlite3", timeout=20)) as database:
        assert database.execute("UPDATE schedules SET upto = ?", (upto,)).rowcount > 0
        database.commit()


def history(world: World, *arguments: str) -> list[dict[str, Any]]:
    """Return what became of what was due, but for what was skipped because a later one was due too."""
    ended = world.run("schedule", "history", "--format", "json", *arguments)
    assert ended.code == 0, ended.err
    found: list[dict[str, Any]] = json.loads(ended.out)["sweeps"]
    return [each for each in found if each["note"] != "missed: a later one was due as well"]


def scheduled(world: World, *, more: str = "", run: str = "once") -> World:
    world.write_fleet(testers="{name: a}", run=run, more=f"{OFTEN}\n{more}")
    first = world.run("schedule", "run", "--once")
    assert first.code == 0, first.err
    assert "begins" not in first.err, "what was due before it was first seen is nobody's"
    let_it_be_due(world)
    return world


def test_a_scheduled_sweep_runs_and_stands_in_the_history_with_its_report(world: World) -> None:
    scheduled(world)
    process = world.begin("schedule", "run")
    until_said(process, "1 removed, 0 left.")
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=60)

    assert process.returncode == 0, err
    assert "none lost" in out
    (entry,) = history(world)
    assert (entry["schedule"], entry["outcome"], entry["complete"], entry["runs"]) == (
        "often",
        "complete",
        1,
        1,
    )
    assert entry["sweep_id"] in entry["report"]
    assert entry["took_s"] > 0
    told = world.run("schedule", "history").out
    assert "complete" in told
    assert world.is_clear()


def test_a_changed_fleet_file_is_read_between_sweeps_and_a_broken_one_is_not(world: World) -> None:
    path = world.write_fleet(testers="{name: a}", more=OFTEN.replace("* * * * *", "0 3 1 1 *"))
    process = world.begin("schedule", "run")
    until_said(process, "schedule often: 0 3 1 1 * Europe/Oslo, due at ")
    good = path.read_text()
    path.write_text(good + "nonsense: 1\n")
    until_said(process, "the fleet is kept as it was")
    path.write_text(good.replace("often", "yearly"))
    until_said(process, "schedule yearly: 0 3 1 1 * Europe/Oslo")
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == 0


def test_a_changed_time_makes_up_for_nothing_that_was_due_before_the_change(world: World) -> None:
    world.write_fleet(testers="{name: a}", more='schedule: [{name: daily, cron: "0 3 1 1 *"}]')
    assert world.run("schedule", "run", "--once").code == 0
    let_it_be_due(world, since=timedelta(hours=3))
    past = datetime.now(UTC) - timedelta(hours=1)
    changed = f'schedule: [{{name: daily, cron: "{past.minute} {past.hour} * * *"}}]'
    world.write_fleet(testers="{name: a}", more=changed)

    ended = world.run("schedule", "run", "--once")

    assert ended.code == 0, ended.err
    assert "begins" not in ended.err
    assert history(world) == []


def test_two_schedulers_of_a_fleet_from_the_table_begin_one_sweep(world: World, served: Served) -> None:
    world.settings |= {
        "ORCHESTRATE_COLLECTOR_URL": served.url,
        "ORCHESTRATE_ADMIN_TOKEN_FILE": str(served.token_file),
    }
    world.write_fleet(testers="{name: a}", more=OFTEN)
    assert world.run("testers", "import", "fleet.yaml").code == 0
    other = another(world)
    other.settings |= world.settings
    table = ("schedule", "run", "--once", "--from", "testers")
    for one in (world, other):
        assert one.run(*table).code == 0
    # Both have the same minute before them, whatever time it takes to start them.
    for one in (world, other):
        let_it_be_due(one)

    processes = [one.begin(*table) for one in (world, other)]
    said = [process.communicate(timeout=60) for process in processes]

    assert [process.returncode for process in processes] == [0, 0], said
    begun = [each for each in history(world, "--from", "testers") if each["outcome"] != "skipped"]
    assert all(each["outcome"] == "complete" for each in begun)
    assert len({each["due_at"] for each in begun}) == len(begun)
    made = sum("removed, 0 left." in err for _, err in said)
    assert made == len(begun)
    assert not world.processes() + other.processes()


def test_a_scheduler_that_is_killed_in_a_sweep_ends_it_once_when_it_is_started_again(world: World) -> None:
    scheduled(world, run="{repeat: 6, every: 300ms}")
    process = world.begin("schedule", "run")
    until_said(process, "run 1/6 complete")
    process.kill()
    process.communicate(timeout=60)

    again = world.run("schedule", "run", "--once")

    assert again.code == 0, again.err
    assert "was cut off, and goes on" in again.err
    entries = [each for each in history(world) if each["runs"] == 6]
    assert [each["outcome"] for each in entries[-1:]] == ["complete"]
    assert len({each["due_at"] for each in entries}) == len(entries)
    assert world.is_clear()


def test_sigterm_leaves_a_sweep_to_the_next_start_and_ctrl_c_removes_first(world: World) -> None:
    scheduled(world, run="{repeat: 400, every: 100ms}")
    process = world.begin("schedule", "run")
    until_said(process, "complete")
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "the next `orchestrate schedule run` goes on" in err
    assert len(world.processes()) == 2, "its tester and its collector go on"

    process = world.begin("schedule", "run")
    until_said(process, "was cut off, and goes on")
    until_said(process, "complete")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "1 removed, 0 left." in err
    assert world.is_clear()
    (entry,) = history(world)
    assert entry["outcome"] == "interrupted"


def test_a_collector_that_is_away_is_waited_for(world: World, served: Served) -> None:
    pointed(world, served, more=OFTEN)
    assert world.run("schedule", "run", "--once").code == 0
    served.stop()
    let_it_be_due(world)
    process = world.begin("schedule", "run")
    until_said(process, "does not answer; it is tried again")
    served.start()
    until_said(process, "1 removed, 0 left.")
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == 0
    assert [each["outcome"] for each in history(world)] == ["complete"]


def test_what_was_missed_and_what_cannot_begin_stand_in_the_history_with_the_reason(world: World) -> None:
    midnight = datetime.now(UTC) - timedelta(hours=13)
    daily = f'{{name: daily, cron: "{midnight.minute} {midnight.hour} * * *"}}'
    path = world.write_fleet(testers="{name: a}", more=f"schedule: [{daily}]")
    assert world.run("schedule", "run", "--once").code == 0
    let_it_be_due(world, since=timedelta(hours=14))
    assert world.run("schedule", "run", "--once").code == 0
    (entry,) = history(world)
    assert (entry["outcome"], entry["note"]) == ("skipped", "missed: half the time to the next one was over")
    assert (entry["runs"], entry["report"], entry["took_s"]) == (0, None, None)

    path.write_text(path.read_text().replace(daily, '{name: often, cron: "* * * * *", testers: [b]}'))
    path.write_text(path.read_text().replace("[b]", "[a]").replace("host: 127.0.0.1", "from: testers"))
    assert world.run("schedule", "run", "--once", "--window", "1").code == 0
    path.write_text(
        path.read_text().replace("{name: a}", "{name: a}, {name: b}").replace("testers: [a]", "testers: all")
    )
    let_it_be_due(world)
    ended = world.run("schedule", "run", "--once", "--window", "1")
    assert "the sweep cannot begin: testers that measure each other are there at once" in ended.err
    assert history(world)[0]["outcome"] == "failed"


@pytest.mark.parametrize(
    ("run", "more", "what"),
    [
        ("once", "", "fleet 'mill' has no schedule"),
        ("forever", OFTEN, "a scheduled sweep needs runs that end"),
    ],
)
def test_a_fleet_that_cannot_be_scheduled_is_refused(world: World, run: str, more: str, what: str) -> None:
    world.write_fleet(run=run, more=more)
    for command in ("run", "next", "systemd"):
        ended = world.run("schedule", command)
        assert ended.code == 2
        assert what in ended.err
    assert not world.of_fleet.exists()


def test_check_warns_of_a_schedule_that_overlaps_itself(world: World) -> None:
    world.write_fleet(more=OFTEN)
    ended = world.run("check", "--offline")
    assert ended.code == 0, ended.err
    assert "schedule `often` may overlap itself; it comes due every 1m" in ended.err


@pytest.mark.parametrize("kind", ["service", "timer"])
def test_systemd_accepts_the_units(world: World, kind: str) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed: apt-get install systemd")
    world.write_fleet(more=OFTEN)
    odd = world.directory / 'odd $HOME 50% "x" folder'
    odd.mkdir()
    (world.directory / "fleet.yaml").rename(odd / "fleet.yaml")
    ended = world.run("schedule", "systemd", str(odd / "fleet.yaml"), "--kind", kind, "--output", "units")
    assert ended.code == 0, ended.err
    units = [Path(line) for line in ended.out.splitlines()]
    assert len(units) == (1 if kind == "service" else 2)

    verified = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *units],
        cwd=world.directory,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (verified.returncode, verified.stderr) == (0, "")


def test_the_next_sweeps_are_told_in_local_time_and_in_utc(world: World) -> None:
    world.write_fleet(more='schedule: [{name: dawn, cron: "0 3 1 7 *", timezone: Europe/Oslo}]')
    told = world.run("schedule", "next", "--count", "2").out
    assert "-07-01 03:00 CEST" in told
    assert "-07-01 01:00" in told
    (listed,) = json.loads(world.run("schedule", "list", "--format", "json").out)["schedules"]
    assert (listed["missed"], listed["overlap"]) == ("run_latest", "refuse")
