"""`orchestrate watch`: waits for the runs of the open sweep."""

import click

from orchestrator.commands.choose_fleet import Asked, state_argument
from orchestrator.settings import Edge


@click.command()
@state_argument
@click.option(
    "--progress",
    type=click.Choice(("auto", "tty", "plain", "json", "quiet")),
    default="auto",
    show_default=True,
    help="How progress is shown on stderr; json: every event as a line on stdout.",
)
@click.pass_obj
def watch(edge: Edge, fleet: str | None, fleet_name: str | None, progress: str) -> int:
    """Watch the open sweep until its runs are done, as `up` does; nothing new is begun."""
    from orchestrator.commands.bring_up import watch_on

    return watch_on(Asked(fleet=fleet, name=fleet_name), progress=progress, edge=edge)
