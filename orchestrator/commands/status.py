"""`orchestrate status`: how the testers of a fleet are."""

import click

from orchestrator.commands.choose_fleet import Asked, state_argument
from orchestrator.settings import Edge


@click.command()
@state_argument
@click.option("--refresh", is_flag=True, help="Look at the processes and ask the collector.")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
@click.pass_obj
def status(edge: Edge, fleet: str | None, fleet_name: str | None, refresh: bool, form: str) -> int:
    """Say how the testers of a fleet are, from the journal."""
    from orchestrator.commands.choose_fleet import fleet_with_state
    from orchestrator.commands.looking import look
    from orchestrator.show.status import status_json, status_text

    state = fleet_with_state(Asked(fleet=fleet, name=fleet_name), edge=edge)
    seen = look(state, refresh=refresh, edge=edge)
    edge.stdout.write(status_json(seen) if form == "json" else status_text(seen, now=edge.clock()))
    return 0
