"""What AWS itself says about the hosts that a fleet wants: asked before anything is created."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.act.clouds import can_ask
from orchestrator.act.everywhere import program_at
from orchestrator.act.suppliers import AT_ONCE, Supplier, Suppliers, all_of
from orchestrator.errors import ConfigurationError, OrchestratorError
from orchestrator.fleet.model import Tester
from orchestrator.places.machine.docker_machine import known_regions
from orchestrator.settings import Edge

if TYPE_CHECKING:
    from orchestrator.cloud.market import Way


@dataclass(frozen=True, kw_only=True, slots=True)
class _Share:
    """What a fleet needs of one quota."""

    supplier: int
    region: str
    spot: bool


def check_account(suppliers: Suppliers, *, edge: Edge) -> str:
    """Raise without credentials that the cloud takes; return whose they are, and which regions that is."""
    if not can_ask():
        raise ConfigurationError(
            "nobody could see that AWS is left with nothing of this fleet",
            cause="the library that asks it is not installed: no dead-man switch, no proof of removal",
            next_step='pip install "orchestrate-latency[aws]"; or `--unverified`, which does without',
            card_code="no-proof",
        )
    program = program_at(edge).version()
    told = []
    for supplier in suppliers.all():
        keys, who = supplier.account.keys(), supplier.account.identity()
        regions = supplier.offers.market.regions().told(makeable=known_regions(program), program=str(program))
        told.append(f"{who.arn} in account {who.account}, keys from {keys.source}; {regions}")
    return "; ".join(told)


def check_regions(suppliers: Suppliers) -> str:
    """Raise where a host cannot be had, for each region why; return what hosts come out of."""
    found = _ways(suppliers)
    if refused := [each for each in found.values() if isinstance(each, OrchestratorError)]:
        raise all_of(refused)
    ways = {name: each for name, each in found.items() if not isinstance(each, OrchestratorError)}
    _check_quotas(suppliers, ways)
    types = sorted({each[0].instance_type for each in ways.values()})
    regions = sorted({suppliers.wish(tester).region for tester in suppliers.testers})
    spot = sum(each[0].is_spot for each in ways.values())
    parts = [", ".join(regions[:5]) + (f" and {len(regions) - 5} more" if len(regions) > 5 else "")]
    parts.append(", ".join(types))
    if spot:
        parts.append(f"{spot} of {len(ways)} spot, on demand where there is none")
    return "; ".join(parts)


def check_address(edge: Edge) -> str:
    """Raise where nobody knows the orchestrator's address; return to whom hosts are open."""
    from orchestrator.cloud.address import orchestrators_networks

    networks = ", ".join(str(each) for each in orchestrators_networks(edge.environment))
    return f"hosts are open to {networks} only"


def _ways(suppliers: Suppliers) -> "dict[str, tuple[Way, ...] | OrchestratorError]":
    """Return the ways to have each tester's host, or why there is none."""

    def one(tester: Tester) -> "tuple[Way, ...] | OrchestratorError":
        try:
            return suppliers.of(tester).offers.market.ways(suppliers.wish(tester))
        except OrchestratorError as error:
            return error

    suppliers.all()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = list(pool.map(one, suppliers.testers))
    return {tester.name: each for tester, each in zip(suppliers.testers, found, strict=True)}


def _check_quotas(suppliers: Suppliers, ways: "dict[str, tuple[Way, ...]]") -> None:
    accounts = suppliers.all()
    needed: Counter[_Share] = Counter()
    for tester in suppliers.testers:
        best = ways[tester.name]
        share = _Share(
            supplier=accounts.index(suppliers.of(tester)),
            region=suppliers.wish(tester).region,
            spot=best[0].is_spot,
        )
        needed[share] += max(way.vcpus for way in best)

    def one(share: _Share) -> OrchestratorError | None:
        return _quota_problem(share, accounts[share.supplier], vcpus=needed[share])

    with ThreadPoolExecutor(AT_ONCE) as pool:
        problems = [problem for problem in pool.map(one, needed) if problem is not None]
    if problems:
        raise all_of(problems)


def _quota_problem(share: _Share, supplier: Supplier, *, vcpus: int) -> OrchestratorError | None:
    from orchestrator.cloud.quota import ON_DEMAND, SPOT, quota_vcpus
    from orchestrator.cloud.refusals import FORBIDDEN, CloudRefused

    try:
        allowed = quota_vcpus(supplier.account, share.region, spot=share.spot)
    except CloudRefused as error:
        # Who may not read the quota may have enough of it.
        return None if error.code in FORBIDDEN else error
    if allowed >= vcpus:
        return None
    return ConfigurationError(
        f"{share.region} allows {allowed:g} vCPUs{' of spot' if share.spot else ''}, and {vcpus} are needed",
        cause="the account's quota for ordinary types",
        next_step=f"ask for more: Service Quotas, EC2, {SPOT if share.spot else ON_DEMAND}",
        card_code="quota-used-up",
    )
