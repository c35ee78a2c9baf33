"""An orchestrator that is killed after any record of its journal leaves nothing that cannot be mended."""

from collections.abc import Iterator

import pytest

from tests.orchestrator.commands.a_world import World

KILLED = -9
MOST_RECORDS = 60
FEWEST_RECORDS = 2


def killed_everywhere(world: World, *arguments: str) -> Iterator[int]:
    """Kill the command after its first record, then after its second, until it gets through."""
    for record in range(1, MOST_RECORDS):
        ended = world.run(*arguments, kill_after=record)
        if ended.code != KILLED:
            assert ended.code == 0, ended.err
            assert record > FEWEST_RECORDS, "it wrote next to nothing down"
            return
        yield record
    pytest.fail("the command never came to its end")


def test_down_after_a_kill_at_any_record_leaves_no_process_no_port_and_no_lock(world: World) -> None:
    world.write_fleet(testers="{name: a}")
    for record in killed_everywhere(world, "up", "--again"):
        ended = world.run("down")
        assert ended.code == 0, f"record {record}: {ended.err}"
        assert world.is_clear(), f"record {record}: {world.processes()}"
    world.run("down")
    assert world.is_clear()


def test_up_goes_on_after_a_kill_at_any_record(world: World) -> None:
    world.write_fleet(testers="{name: a}")
    for record in killed_everywhere(world, "up", "--again"):
        ended = world.run("up")
        assert ended.code == 0, f"record {record}: {ended.err}"
        assert "none lost" in ended.out, f"record {record}: {ended.out}"
        assert len(world.processes()) == 1, f"record {record}: only the collector stays"
    assert world.run("down").code == 0
    assert world.is_clear()


def test_down_goes_on_after_a_kill_at_any_record(world: World) -> None:
    world.write_fleet(testers="{name: a}", run="forever")
    assert world.run("up", "--detach").code == 0
    for record in killed_everywhere(world, "down"):
        ended = world.run("down")
        assert ended.code == 0, f"record {record}: {ended.err}"
        assert world.is_clear(), f"record {record}"
        assert world.run("up", "--detach", "--again").code == 0
    assert world.is_clear()
