"""`orchestrate down`: removes everything of a fleet but its results."""

from uuid import UUID

import click

from orchestrator.commands.choose_fleet import Asked, state_argument
from orchestrator.settings import Edge


@click.command()
@state_argument
@click.option("--all", "everything", is_flag=True, help="Every fleet that has state here.")
@click.option("--fleet-id", type=click.UUID, help="The fleet of this UUID, state or not.")
@click.option("--yes", is_flag=True, help="Answer every question with yes.")
@click.option(
    "--progress",
    type=click.Choice(("auto", "tty", "plain", "json", "quiet")),
    default="auto",
    show_default=True,
    help="How progress is shown on stderr; json: every event as a line on stdout.",
)
@click.pass_obj
def down(
    edge: Edge,
    fleet: str | None,
    fleet_name: str | None,
    everything: bool,
    fleet_id: UUID | None,
    yes: bool,  # noqa: ARG001 - a local fleet asks nothing; scripts may say it all the same
    progress: str,
) -> int:
    """Remove everything of a fleet but its results, and see that it is gone."""
    from orchestrator.commands.take_down import take_down
    from orchestrator.errors import ConfigurationError

    if sum((everything, fleet_id is not None, fleet is not None or fleet_name is not None)) > 1:
        raise ConfigurationError("FLEET, `--all` and `--fleet-id` exclude each other")
    return take_down(
        Asked(fleet=fleet, name=fleet_name),
        everything=everything,
        fleet_id=fleet_id,
        progress=progress,
        edge=edge,
    )
