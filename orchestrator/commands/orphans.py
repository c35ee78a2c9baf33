"""`orchestrate orphans`: what AWS has of fleets, whether anybody here knows them or not."""

from uuid import UUID

import click

from orchestrator.settings import Edge


@click.command()
@click.option("--all-regions", is_flag=True, help="Look in every region that is enabled for the account.")
@click.option("--region", "regions", metavar="REGION", multiple=True, help="Look in these regions.")
@click.option("--fleet-id", type=click.UUID, help="What this fleet has, and nothing else.")
@click.option("--remove", is_flag=True, help="Remove what was found of fleets that are known here.")
@click.option("--yes", is_flag=True, help="Answer every question with yes.")
@click.option("--format", "form", type=click.Choice(("text", "json")), default="text", show_default=True)
@click.pass_obj
def orphans(
    edge: Edge,
    all_regions: bool,
    regions: tuple[str, ...],
    fleet_id: UUID | None,
    remove: bool,
    yes: bool,
    form: str,
) -> int:
    """Say what fleets have at AWS that no journal here counts as theirs, and remove it.

    Without `--all-regions` or `--region` those regions are looked at that a journal here ever asked
    for a host. A fleet that nobody here knows may be a colleague's: it is removed with its
    `--fleet-id` only.
    """
    from orchestrator.commands.find_orphans import OrphanWish, find_orphans
    from orchestrator.errors import ConfigurationError

    if all_regions and regions:
        raise ConfigurationError("`--all-regions` and `--region` exclude each other")
    wish = OrphanWish(
        regions=None if all_regions else regions, fleet_id=fleet_id, remove=remove, yes=yes, form=form
    )
    return find_orphans(wish, edge=edge)
