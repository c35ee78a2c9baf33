"""`orchestrate up`: makes what the fleet asks for, waits for its runs, and says what was found."""

import click

from orchestrator.commands.choose_fleet import Asked, fleet_argument
from orchestrator.settings import Edge


@click.command()
@fleet_argument
@click.option("--only", metavar="TESTER", multiple=True, help="Leave all other testers as they are.")
@click.option("--replace", metavar="TESTER", multiple=True, help="Give these testers new hosts.")
@click.option("--again", is_flag=True, help="Measure anew where the last sweep is finished.")
@click.option("--detach", is_flag=True, help="Do not wait for the runs.")
@click.option("--rm", "remove", is_flag=True, help="Remove everything at the end, as `down` does.")
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
def up(
    edge: Edge,
    fleet: str | None,
    source: str | None,
    fleet_name: str | None,
    profile: str | None,
    only: tuple[str, ...],
    replace: tuple[str, ...],
    again: bool,
    detach: bool,
    remove: bool,
    join: bool,
    yes: bool,  # noqa: ARG001 - a local fleet asks nothing; scripts may say it all the same
    unverified: bool,
    progress: str,
) -> int:
    """Create the testers, run them, watch them, report."""
    from orchestrator.commands.bring_up import Wish, bring_up
    from orchestrator.errors import ConfigurationError

    if detach and remove:
        raise ConfigurationError(
            "`--detach` and `--rm` exclude each other", cause="nobody would be there to remove anything"
        )
    return bring_up(
        Wish(
            asked=Asked(fleet=fleet, source=source, name=fleet_name, profile=profile),
            only=only or None,
            replace=replace,
            again=again,
            detach=detach,
            remove=remove,
            join=join,
            verified=not unverified,
        ),
        command="up",
        progress=progress,
        edge=edge,
    )
