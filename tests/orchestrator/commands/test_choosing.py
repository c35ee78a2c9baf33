"""Which fleet is meant, and what can be read of it."""

import json

from tests.orchestrator.commands.a_world import World


def test_without_any_state_there_is_nothing_to_take_down(world: World) -> None:
    ended = world.run("down")
    assert ended.code == 2
    assert ended.err == f"no fleet has state here\n  cause: {world.state} holds none\n"


def test_the_only_fleet_with_state_is_meant_where_no_file_is(world: World) -> None:
    path = world.write_fleet(testers="{name: a}")
    assert world.run("up", "--rm").code == 0
    path.unlink()
    assert world.run("status").out.startswith("mill (")
    assert world.run("status", "mill").out.startswith("mill (")
    assert world.run("status", "--fleet", "mill").out.startswith("mill (")


def test_several_fleets_with_state_are_listed_instead_of_guessed(world: World) -> None:
    for name in ("mill", "farm"):
        world.write_fleet(testers="{name: a}", name=name)
        assert world.run("up", "--rm").code == 0
    (world.directory / "fleet.yaml").unlink()
    ended = world.run("status")
    assert ended.code == 2
    assert ended.err == "several fleets have state here: farm, mill\n  next:  say which: --fleet NAME\n"


def test_a_fleet_without_state_is_told_with_those_that_have(world: World) -> None:
    world.write_fleet(testers="{name: a}")
    assert world.run("up", "--rm").code == 0
    ended = world.run("status", "--fleet", "farm")
    assert ended.code == 2
    assert ended.err.startswith("fleet 'farm' has no state here\n  cause: fleets with state: mill\n")


def test_from_testers_takes_no_file(world: World) -> None:
    ended = world.run("up", "fleet.yaml", "--from", "testers")
    assert ended.code == 2
    assert ended.err.startswith("`--from testers` takes no FLEET file\n")


def test_a_name_that_would_leave_the_state_directory_is_refused(world: World) -> None:
    ended = world.run("status", "--fleet", "../etc")
    assert ended.code == 2
    assert ended.err == "'../etc' is not the name of a fleet\n"


def test_status_refreshed_sees_what_the_journal_does_not(world: World) -> None:
    world.write_fleet(testers="{name: a}", run="forever")
    assert world.run("up", "--detach").code == 0
    (tester,) = [found for found in world.processes() if "tester" in found.cmdline()]
    tester.kill()
    world.wait_until(lambda: len(world.processes()) == 1)
    body = json.loads(world.run("status", "--refresh", "--format", "json").out)
    assert [(host["tester"], host["state"], host["is_gone"]) for host in body["hosts"]] == [
        ("a", "running", True)
    ]
    assert "running (its tester is gone)" in world.run("status", "--refresh").out
    assert "its tester is gone" not in world.run("status").out


def test_a_log_is_followed_until_its_tester_ends(world: World) -> None:
    world.write_fleet(testers="{name: a}", run="{repeat: 200, every: 50ms}")
    assert world.run("up", "--detach").code == 0
    following = world.begin("logs", "a", "-f")
    assert world.run("down").code == 0
    out, _ = following.communicate(timeout=60)
    assert following.returncode == 0
    assert "run_finished" in out


def test_the_log_of_a_tester_that_nobody_has_is_refused_with_the_nearest(world: World) -> None:
    world.write_fleet(testers="{name: virginia}")
    assert world.run("up", "--rm").code == 0
    ended = world.run("logs", "virgina")
    assert ended.code == 2
    assert ended.err == (
        "no tester `virgina` in fleet 'mill'; did you mean `virginia`?\n"
        "  cause: testers with a host, now or before: virginia\n"
    )


def test_watch_goes_on_with_a_detached_sweep_and_finishes_it(world: World) -> None:
    world.write_fleet(testers="{name: a}", run="{repeat: 2, every: 300ms}")
    assert world.run("up", "--detach").code == 0
    ended = world.run("watch")
    assert ended.code == 0, ended.err
    assert "none lost" in ended.out
    assert "sweep" in ended.err
    assert json.loads(world.run("status", "--format", "json").out)["sweep"]["outcome"] == "complete"
