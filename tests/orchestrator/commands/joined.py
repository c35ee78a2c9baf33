"""Fleets that report to a collector that somebody else runs."""

from tests.orchestrator.commands.a_world import World
from tests.orchestrator.served import Served


def pointed(world: World, served: Served, *, more: str = "") -> World:
    path = world.write_fleet(testers="{name: a}", more=more)
    path.write_text(
        path.read_text().replace(
            f"port: {world.port}", f"url: '{served.url}', admin_token: {{file: {served.token_file}}}"
        )
    )
    return world


def another(world: World) -> World:
    """Return the same fleet file beside another state directory: somebody else's machine."""
    directory = world.directory / "elsewhere"
    directory.mkdir()
    (directory / "fleet.yaml").write_text((world.directory / "fleet.yaml").read_text())
    return World(directory=directory, port=world.port)
