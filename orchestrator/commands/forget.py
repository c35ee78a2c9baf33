"""`orchestrate forget`: deletes state and results of a fleet that has no hosts."""

import shutil

import click

from orchestrator.commands.choose_fleet import Asked, state_argument
from orchestrator.settings import Edge


@click.command()
@state_argument
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def forget(edge: Edge, fleet: str | None, fleet_name: str | None, yes: bool) -> int:
    """Delete state and results of a fleet that has no hosts."""
    from orchestrator.act.embedded import EmbeddedCollector
    from orchestrator.act.journal import Journal
    from orchestrator.act.lock import fleet_lock
    from orchestrator.commands.choose_fleet import fleet_with_state
    from orchestrator.commands.question import ask
    from orchestrator.errors import ConfigurationError

    state = fleet_with_state(Asked(fleet=fleet, name=fleet_name), edge=edge)
    command = " ".join(("orchestrate", *edge.command_line))
    with fleet_lock(state.lock, fleet=state.name, command=command, now=edge.clock()):
        with Journal(state.journal, clock=edge.clock) as journal:
            hosts = journal.hosts()
        if hosts:
            raise ConfigurationError(
                f"fleet {state.name!r} has {len(hosts)} hosts",
                cause="forgotten hosts are hosts that nobody removes",
                next_step=f"orchestrate down --fleet {state.name}",
            )
        undelivered = sum(1 for _ in state.undelivered.glob("*/reports/*.json.gz"))
        lost = f", {undelivered} reports that no collector has" if undelivered else ""
        collector = EmbeddedCollector(state.collector)
        results = " and the results in it" if collector.has_results else ""
        ask(f"Delete {state.directory}{results}{lost}?", yes=yes, edge=edge)
        collector.down()
        shutil.rmtree(state.directory)
    edge.stdout.write(f"{state.name}: forgotten.\n")
    return 0
