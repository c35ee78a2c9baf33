"""`orchestrate sweep`: one whole job, from making the hosts to removing them."""

import click

from orchestrator.commands.choose_fleet import Asked, fleet_argument
from orchestrator.settings import Edge


@click.command()
@fleet_argument
@click.option("--only", metavar="TESTER", multiple=True, help="Measure from these testers only.")
@click.option(
    "--window",
    metavar="K",
    type=click.IntRange(min=1),
    help="Keep at most K hosts at once: the next is made when one has measured and is gone.",
)
@click.option("--join", is_flag=True, help="Work on the fleet of this name that the collector knows.")
@click.option("--yes", is_flag=True, help="Answer every question with yes.")
@click.option("--unverified", is_flag=True, help="Allow hosts at AWS that nobody can ask AWS about.")
@click.option(
    "--progress",
    type=click.Choice(("auto", "tty", "plain", "json", "quiet")),
    default="auto",
    show_default=True,
    help="How progress is shown on stderr; json: every event as a line on stdout.",
)
@click.pass_obj
def sweep(
    edge: Edge,
    fleet: str | None,
    source: str | None,
    fleet_name: str | None,
    profile: str | None,
    only: tuple[str, ...],
    window: int | None,
    join: bool,
    yes: bool,  # noqa: ARG001 - a local fleet asks nothing; scripts may say it all the same
    unverified: bool,
    progress: str,
) -> int:
    """Create, measure, drain, remove and report, within `limits.deadline`. Ctrl-C drains and removes."""
    from orchestrator.commands.bring_up import Wish, bring_up

    return bring_up(
        Wish(
            asked=Asked(fleet=fleet, source=source, name=fleet_name, profile=profile),
            only=only or None,
            again=True,
            remove=True,
            join=join,
            verified=not unverified,
            is_sweep=True,
            window=window,
        ),
        command="sweep",
        progress=progress,
        edge=edge,
    )
