"""`orchestrate exec`: a command in the container of a tester."""

import click

from orchestrator.commands.choose_fleet import Asked
from orchestrator.settings import Edge


@click.command("exec", context_settings={"ignore_unknown_options": True})
@click.argument("tester")
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
@click.option("--fleet", "fleet_name", metavar="NAME", help="The fleet's name.")
@click.option("--timeout", default="1m", show_default=True, help="How long it may take.")
@click.pass_obj
def exec_command(
    edge: Edge, tester: str, command: tuple[str, ...], fleet_name: str | None, timeout: str
) -> int:
    """Run COMMAND in the container of TESTER, and end with its exit code."""
    from orchestrator.commands.choose_fleet import fleet_with_state
    from orchestrator.commands.choose_host import known_hosts
    from orchestrator.errors import ConfigurationError
    from orchestrator.fleet.quantities import seconds_of
    from orchestrator.places.deadline import Deadline

    try:
        deadline = Deadline.after(seconds_of(timeout))
    except ValueError as error:
        raise ConfigurationError(str(error), next_step="--timeout 30s") from None
    known = known_hosts(fleet_with_state(Asked(name=fleet_name), edge=edge), edge=edge)
    host = known.living(tester)
    said = known.places.execute(host.name, list(command), deadline=deadline)
    edge.stdout.write(said.stdout)
    edge.stderr.write(said.stderr)
    return said.code
