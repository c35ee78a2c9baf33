"""Two orchestrators, one collector, one name."""

from tests.orchestrator.commands.a_world import World
from tests.orchestrator.commands.joined import another, pointed
from tests.orchestrator.served import Served


def test_a_fleet_is_measured_with_somebody_elses_collector(world: World, served: Served) -> None:
    pointed(world, served)
    ended = world.run("sweep")
    assert ended.code == 0, ended.err
    assert "none lost" in ended.out
    assert not world.processes()


def test_a_name_that_another_orchestrator_works_on_is_refused_unless_it_joins(
    world: World, served: Served
) -> None:
    pointed(world, served)
    assert world.run("up").code == 0
    other = another(world)
    checked = other.run("check")
    assert checked.code == 2
    assert "fleet 'mill' is registered at the collector by " in checked.err
    assert world.run("check").code == 0
    refused = other.run("up")
    assert refused.code == 2
    assert "fleet 'mill' is registered at the collector by " in refused.err
    assert (
        "  cause: that fleet has another UUID than the one of this state directory\n"
        "  next:  give this fleet another name, or work on the same fleet: `orchestrate up --join`\n"
    ) in refused.err
    assert not (other.of_fleet / "journal.sqlite3").exists()
    joined = other.run("up", "--join")
    assert joined.code == 0, joined.err
    # The testers of either place go on with the tokens that they have.
    assert world.run("up", "--again").code == 0
    assert other.run("up", "--again").code == 0
    assert other.run("down").code == 0
    assert world.run("down").code == 0


def test_a_wrong_admin_token_is_refused_before_anything_is_created(world: World, served: Served) -> None:
    pointed(world, served)
    served.token_file.write_text("wrong")
    ended = world.run("up")
    assert ended.code == 2
    assert "HTTP 401" in ended.err
    assert not world.of_fleet.exists()


def test_a_collector_that_is_away_is_told_before_anything_is_created(world: World, served: Served) -> None:
    path = pointed(world, served).directory / "fleet.yaml"
    path.write_text(path.read_text().replace(served.url, "http://127.0.0.1:9"))
    ended = world.run("up")
    assert ended.code == 1
    assert "the collector at http://127.0.0.1:9 does not answer" in ended.err
    assert not world.of_fleet.exists()
