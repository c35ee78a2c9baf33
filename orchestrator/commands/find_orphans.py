"""Finds what fleets have left at AWS for `orphans`, and removes it."""

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

import click

from orchestrator.act.cloud_proof import orphans, remove_orphans
from orchestrator.act.journal import Journal
from orchestrator.act.state import fleets_with_state
from orchestrator.commands.choose_fleet import record_of
from orchestrator.commands.question import ask
from orchestrator.errors import ConfigurationError
from orchestrator.places.deadline import Deadline
from orchestrator.places.machine.environment import AMAZON
from orchestrator.settings import Edge
from orchestrator.show.orphans import Orphan, orphans_json, orphans_text

if TYPE_CHECKING:
    from orchestrator.cloud.found import Resource

REMOVE_S = 1_800.0


@dataclass(frozen=True, kw_only=True, slots=True)
class OrphanWish:
    """What the command line asks for; `regions` None: all, empty: those that journals here name."""

    regions: tuple[str, ...] | None
    fleet_id: UUID | None
    remove: bool
    yes: bool
    form: str


@dataclass(frozen=True, kw_only=True, slots=True)
class _Here:
    """What journals on this machine know: fleets by their UUID, and hosts that they still count."""

    fleets: dict[UUID, str]
    hosts: frozenset[str]
    regions: tuple[str, ...]


def find_orphans(wish: OrphanWish, *, edge: Edge) -> int:
    """Say what is left, remove it where that is wanted, and return the exit code."""
    asked = wish.regions
    if asked == () and not (asked := _here(edge).regions):
        raise ConfigurationError(
            "no journal here names a region",
            cause="no fleet with hosts at AWS was begun from this machine",
            next_step="orchestrate orphans --all-regions",
        )
    # The cloud first: what a journal took on in between is then no orphan.
    found = orphans(regions=asked, edge=edge)
    here = _here(edge)
    left = [_orphan(item, here) for item in found if _is_left(item, here, wish=wish)]
    sys.stdout.write(orphans_json(left) if wish.form == "json" else orphans_text(left))
    ours = [orphan.resource for orphan in left if orphan.fleet or wish.fleet_id is not None]
    if not wish.remove:
        return 5 if left else 0
    if ours:
        ask(f"remove {len(ours)} of these?", yes=wish.yes, edge=edge)
        proof = remove_orphans(ours, edge=edge, deadline=Deadline.after(REMOVE_S))
        click.echo(str(proof), err=True)
    if strangers := len(left) - len(ours):
        click.echo(
            f"{strangers} of fleets that nobody here knows stay; a colleague may use them:"
            " orchestrate orphans --fleet-id UUID --remove",
            err=True,
        )
        return 5
    return 0


def _here(edge: Edge) -> _Here:
    fleets: dict[UUID, str] = {}
    hosts: set[str] = set()
    regions: set[str] = set()
    for state in fleets_with_state(edge.settings.state_dir):
        record = record_of(state, edge=edge)
        if record is None:
            continue
        fleets[record.fleet_id] = state.name
        with Journal(state.journal, clock=edge.clock) as journal:
            hosts |= {host.name for host in journal.hosts()}
            regions |= set(journal.cloud_regions(AMAZON))
    return _Here(fleets=fleets, hosts=frozenset(hosts), regions=tuple(sorted(regions)))


def _is_left(item: "Resource", here: _Here, *, wish: OrphanWish) -> bool:
    """Return whether nobody here counts a thing as that of a host, or of a fleet with hosts."""
    if wish.fleet_id is not None and not item.is_of_fleet(wish.fleet_id):
        return False
    if item.host_name in here.hosts:
        return False
    marks = {host.rsplit("-", 2)[-2] for host in here.hosts}
    # The group of a fleet that has hosts is in use.
    return bool(item.host_name) or item.mark not in marks


def _orphan(item: "Resource", here: _Here) -> Orphan:
    known: Iterable[tuple[UUID, str]] = here.fleets.items()
    fleet = next((name for fleet_id, name in known if item.is_of_fleet(fleet_id)), "")
    return Orphan(resource=item, fleet=fleet)
