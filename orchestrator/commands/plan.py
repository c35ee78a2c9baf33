"""`orchestrate plan`: what `up` would do, from the same function."""

import click

from orchestrator.commands.choose_fleet import Asked, fleet_argument
from orchestrator.settings import Edge


@click.command("plan")
@fleet_argument
@click.option("--only", metavar="TESTER", multiple=True, help="Leave all other testers as they are.")
@click.option("--replace", metavar="TESTER", multiple=True, help="Give these testers new hosts.")
@click.option("--again", is_flag=True, help="Measure anew where the last sweep is finished.")
@click.option("--offline", is_flag=True, help="Ask no cloud for prices.")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
@click.pass_obj
def plan_command(
    edge: Edge,
    fleet: str | None,
    source: str | None,
    fleet_name: str | None,
    profile: str | None,
    only: tuple[str, ...],
    replace: tuple[str, ...],
    again: bool,
    offline: bool,
    form: str,
) -> int:
    """Say what `up` would do; do nothing."""
    from orchestrator.commands.choose_fleet import at_its_collector, wanted_fleet
    from orchestrator.commands.planning import planned, prices_of
    from orchestrator.events import printable
    from orchestrator.show.plan import plan_json, plan_text

    asked = Asked(fleet=fleet, source=source, name=fleet_name, profile=profile)
    wanted = at_its_collector(wanted_fleet(asked, edge=edge), edge=edge)
    actions = planned(wanted, only=only or None, replace=replace, again=again, edge=edge)
    prices = prices_of(wanted, edge=edge, offline=offline)
    shown = plan_json if form == "json" else plan_text
    text = shown(wanted, actions, prices=prices)
    for tester, reason in wanted.left_out:
        edge.stderr.write(printable(f"left out: {tester}, whose row cannot be deployed: {reason}") + "\n")
    edge.stdout.write(text)
    return 0
