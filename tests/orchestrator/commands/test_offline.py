"""`check --offline` asks nobody: no account, no collector, no sign-on for keys."""

from tests.orchestrator.commands.a_world import World
from tests.orchestrator.places.machine.a_machine import told_program


def test_a_fleet_of_all_regions_is_checked_without_an_account_and_without_keys(world: World) -> None:
    world.write_fleet(testers="{name: aws, driver: amazonec2, regions: all}")
    world.settings["ORCHESTRATE_DOCKER_MACHINE"] = told_program(world.directory / "bin")
    # Whoever looked for keys would miss this profile.
    world.settings["AWS_PROFILE"] = "nobody"

    ended = world.run("check", "--offline")

    assert ended.code == 0, ended.err
    assert "`regions: all` of aws: the account says which, and is not asked" in ended.err
