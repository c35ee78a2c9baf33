"""What is removed, what is kept, and that nothing measured is lost."""

import json
import signal
import sqlite3
from pathlib import Path
from uuid import UUID

from tests.orchestrator.commands.a_world import World


def runs_made(world: World) -> int:
    """Return how many runs the testers have made, by their logs."""
    logs = (world.of_fleet / "logs").glob("*.log")
    lines = [json.loads(line) for path in logs for line in path.read_text().splitlines()]
    return sum(line["event"] == "run_finished" for line in lines)


def runs_stored(world: World) -> int:
    """Return how many runs the collector's database has as ended, not counting abandoned ones."""
    db = sqlite3.connect(world.of_fleet / "collector" / "collector.sqlite3")
    try:
        (count,) = db.execute("SELECT count(*) FROM runs WHERE state IN ('complete', 'truncated')").fetchone()
    finally:
        db.close()
    return int(count)


def spooled(world: World) -> list[Path]:
    return list(world.of_fleet.glob("testers/*/spool/reports/*.json.gz"))


def test_reports_that_testers_had_to_spool_are_delivered_by_down(world: World) -> None:
    world.write_fleet(run="{repeat: 500, every: 100ms}")
    assert world.run("up", "--detach").code == 0
    for process in world.processes():
        if any("collector.sqlite3" in part for part in process.cmdline()):
            process.send_signal(signal.SIGKILL)
    world.wait_until(lambda: len(spooled(world)) >= 3)
    ended = world.run("down")
    assert ended.code == 0, ended.err
    assert "delivered" in ended.err
    assert world.is_clear()
    assert runs_stored(world) == runs_made(world) >= 3


def test_a_report_that_nobody_takes_is_kept_here_and_told_in_numbers(world: World) -> None:
    world.write_fleet(testers="{name: a}", run="{repeat: 500, every: 100ms}")
    assert world.run("up", "--detach").code == 0
    world.wait_until(lambda: any(world.of_fleet.glob("testers/*/spool/reports")))
    reports = next(world.of_fleet.glob("testers/*/spool/reports"))
    (reports / "20260101T000000Z-7d444840-9dc0-11d1-b245-5ffdce74fad2.json.gz").write_bytes(b"not gzip")
    ended = world.run("down")
    assert ended.code == 3, ended.err
    assert (
        f"mill: 1 removed, 0 left. 1 reports not delivered, kept in {world.of_fleet}/undelivered."
        in ended.err
    )
    # The tester itself may have found it damaged, and set it aside, before we did.
    assert len(list(world.of_fleet.glob("undelivered/*/re*/*.json.gz"))) == 1
    assert world.is_clear()


def test_down_works_although_the_fleet_file_is_broken(world: World) -> None:
    path = world.write_fleet(testers="{name: a}", run="forever")
    assert world.run("up", "--detach").code == 0
    path.write_text("testers: [")
    ended = world.run("down")
    assert ended.code == 0, ended.err
    assert world.is_clear()


def test_down_twice_is_once(world: World) -> None:
    world.write_fleet(testers="{name: a}")
    world.run("up")
    assert world.run("down").code == 0
    ended = world.run("down")
    assert ended.code == 0
    assert "mill: 0 removed, 0 left." in ended.err


def test_down_by_fleet_id_finds_testers_that_no_journal_knows(world: World) -> None:
    world.write_fleet(testers="{name: a}", run="forever")
    assert world.run("up", "--detach").code == 0
    fleet_id = UUID(json.loads(world.run("status", "--format", "json").out)["fleet_id"])
    journal = world.of_fleet / "journal.sqlite3"
    for path in world.of_fleet.glob("journal.sqlite3*"):
        path.unlink()
    assert not journal.exists()
    ended = world.run("down", "--fleet-id", str(fleet_id))
    assert ended.code == 0, ended.err
    assert "1 removed, 0 left." in ended.err
    assert not [found for found in world.processes() if "tester" in found.cmdline()]


def test_down_all_removes_every_fleet_that_has_state_here(world: World) -> None:
    world.write_fleet(testers="{name: a}", run="forever")
    assert world.run("up", "--detach").code == 0
    (world.directory / "fleet.yaml").unlink()
    ended = world.run("down", "--all")
    assert ended.code == 0, ended.err
    assert world.is_clear()


def test_a_fleet_with_hosts_is_not_forgotten(world: World) -> None:
    world.write_fleet(testers="{name: a}")
    world.run("up")
    ended = world.run("forget", "--yes")
    assert ended.code == 2
    assert ended.err == (
        "fleet 'mill' has 1 hosts\n"
        "  cause: forgotten hosts are hosts that nobody removes\n"
        "  next:  orchestrate down --fleet mill\n"
    )
    world.run("down")
    assert world.run("forget", "--yes").code == 0
    assert not world.of_fleet.exists()


def test_testers_that_left_the_fleet_file_are_removed_and_new_ones_made(world: World) -> None:
    world.write_fleet(testers="{name: a}, {name: b}", run="forever")
    assert world.run("up", "--detach").code == 0
    world.write_fleet(testers="{name: b}, {name: c}", run="forever")
    ended = world.run("up", "--detach")
    assert ended.code == 0, ended.err
    names = [host["tester"] for host in json.loads(world.run("status", "--format", "json").out)["hosts"]]
    assert names == ["b", "c"]
    assert len(world.processes()) == 3
