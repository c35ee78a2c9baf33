"""What the clouds themselves say of a fleet that was removed."""

from collections.abc import Callable, Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from uuid import UUID

from orchestrator.act.clouds import account_of, can_ask
from orchestrator.act.journal import Journal
from orchestrator.errors import ConfigurationError, LeftBehind, OrchestratorError
from orchestrator.fleet.model import Fleet
from orchestrator.places.deadline import Deadline
from orchestrator.places.machine.environment import AMAZON
from orchestrator.places.machine.keys import Keys, keys_in_options
from orchestrator.settings import Edge

if TYPE_CHECKING:
    from orchestrator.cloud.account import Account
    from orchestrator.cloud.found import Proof, Resource

AT_ONCE = 12
"""Regions that are asked at the same time."""

HOME_REGION = "us-east-1"


def proof_of_removal(
    journal: Journal, *, fleet_id: UUID, fleet: Fleet | None, edge: Edge, deadline: Deadline
) -> str | None:
    """Remove what AWS has of a fleet in every region that was ever asked for a host of it.

    Return what AWS then says that it has, None where it was never asked. Raise `LeftBehind`.
    """
    regions = journal.cloud_regions(AMAZON)
    if not regions:
        return None
    return clear_fleet(fleet_id, regions=regions, fleet=fleet, edge=edge, deadline=deadline)


def clear_fleet(
    fleet_id: UUID,
    *,
    regions: Collection[str] | None,
    fleet: Fleet | None,
    edge: Edge,
    deadline: Deadline,
) -> str:
    """Remove whatever AWS still has of a fleet, and return what it then says that it has.

    `regions` None: all that are enabled for the account. Raise `LeftBehind` for what may be left.
    """
    if not can_ask():
        return "not asked of AWS itself: the extra `aws` is not installed"
    from orchestrator.cloud.found import Proof
    from orchestrator.cloud.proof import Clearing

    proofs: list[Proof] = []
    for account in _accounts(fleet, edge=edge):
        where = _enabled(account) if regions is None else tuple(regions)
        clearing = Clearing(account)

        def clear(region: str, clearing: Clearing = clearing) -> Proof:
            return clearing.clear_fleet(region, fleet_id, deadline=deadline)

        proofs += _everywhere(clear, where, fleet_id=fleet_id)
    return str(Proof.of_all(proofs))


def orphans(*, regions: Collection[str] | None, edge: Edge) -> "list[Resource]":
    """Return everything that any fleet has at AWS and that lives; raise `ConfigurationError`."""
    from orchestrator.cloud.search import Search

    account = _asked_account(edge)
    where = _enabled(account) if regions is None else tuple(regions)
    search = Search(account)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = [item for items in pool.map(search.all, where) for item in items]
    return [item for item in found if not item.is_gone]


def remove_orphans(things: "Iterable[Resource]", *, edge: Edge, deadline: Deadline) -> "Proof":
    """Remove things that were found; raise `LeftBehind` for what may be left."""
    from orchestrator.cloud.found import Proof
    from orchestrator.cloud.proof import Clearing

    clearing = Clearing(_asked_account(edge))
    by_region: dict[str, list[Resource]] = {}
    for item in things:
        by_region.setdefault(item.region, []).append(item)

    def clear(region: str) -> Proof:
        return clearing.clear_these(region, by_region[region], deadline=deadline)

    return Proof.of_all(_everywhere(clear, by_region, fleet_id=None))


def _asked_account(edge: Edge) -> "Account":
    if not can_ask():
        raise ConfigurationError(
            "AWS cannot be asked",
            cause="its library is not installed",
            next_step='pip install "orchestrate-latency[aws]"',
        )
    return account_of(None, edge=edge)


def _accounts(fleet: Fleet | None, *, edge: Edge) -> "list[Account]":
    """Return the user's account, unless every tester has keys of its own, and those of the testers."""
    given: dict[str, Keys] = {}
    needs_users = fleet is None
    for tester in () if fleet is None else fleet.testers:
        keys = keys_in_options(tester.options)
        if keys is None:
            needs_users = True
        else:
            given[keys.access_key] = keys
    users = [account_of(None, edge=edge)] if needs_users else []
    return [*users, *(account_of(keys, edge=edge) for keys in given.values())]


def _enabled(account: "Account") -> tuple[str, ...]:
    from orchestrator.cloud.refusals import asking
    from orchestrator.cloud.search import Search

    with asking(HOME_REGION):
        return Search(account).regions(HOME_REGION)


def _everywhere(
    clear: "Callable[[str], Proof]", regions: Iterable[str], *, fleet_id: UUID | None
) -> "list[Proof]":
    """Clear every region, and only then raise what went wrong in some."""
    proofs: list[Proof] = []
    errors: list[OrchestratorError] = []

    def one(region: str) -> None:
        try:
            proofs.append(clear(region))
        except OrchestratorError as error:
            errors.append(error)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(one, regions))
    if errors:
        then = "orchestrate orphans" if fleet_id is None else f"orchestrate down --fleet-id {fleet_id}"
        raise LeftBehind(
            "\n".join(dict.fromkeys(error.what for error in errors)),
            cause="\n".join(dict.fromkeys(error.cause for error in errors if error.cause)),
            next_step="\n".join(
                dict.fromkeys([*(error.next_step for error in errors if error.next_step), f"then: {then}"])
            ),
        )
    return proofs
