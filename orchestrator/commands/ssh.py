"""`orchestrate ssh`: a shell on the host of a tester."""

import click

from orchestrator.commands.choose_fleet import Asked
from orchestrator.settings import Edge


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("tester")
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
@click.option("--fleet", "fleet_name", metavar="NAME", help="The fleet's name.")
@click.pass_obj
def ssh(edge: Edge, tester: str, command: tuple[str, ...], fleet_name: str | None) -> int:
    """Open a shell on the host of TESTER, or run COMMAND there and end with its exit code."""
    from orchestrator.commands.choose_fleet import fleet_with_state
    from orchestrator.commands.choose_host import known_hosts
    from orchestrator.errors import ConfigurationError
    from orchestrator.places.shell import become

    known = known_hosts(fleet_with_state(Asked(name=fleet_name), edge=edge), edge=edge)
    host = known.living(tester)
    argv = known.places.ssh_command(host.name)
    if argv is None:
        raise ConfigurationError(
            f"there is no ssh to {host.name}",
            cause=f"hosts of the driver `{host.driver}` are reached without it",
            next_step=f"orchestrate exec {tester} -- COMMAND",
        )
    return become([*argv, *command])
