"""The accounts that the hosts of a fleet come from, and what each has and asks."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.act.check_hosts import HostChecks
from orchestrator.act.clouds import account_of, offers_of
from orchestrator.act.state import FleetState
from orchestrator.errors import ConfigurationError, OrchestratorError
from orchestrator.fleet.model import Fleet, Tester
from orchestrator.places.machine.environment import AMAZON
from orchestrator.places.machine.keys import keys_in_options
from orchestrator.settings import Edge

if TYPE_CHECKING:
    from orchestrator.cloud.account import Account
    from orchestrator.cloud.offers import Offers
    from orchestrator.cloud.prices import PriceList
    from orchestrator.cloud.wish import Wish

AT_ONCE = 12
"""Regions that are asked at the same time."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Supplier:
    """One account: what it has for hosts, and its price list."""

    account: "Account"
    offers: "Offers"
    prices: "PriceList"


class Suppliers:
    """The accounts at AWS of one fleet's testers; each is opened once, and asked nothing yet."""

    def __init__(self, fleet: Fleet, *, state: FleetState, hosts: HostChecks, edge: Edge) -> None:
        self.testers = [tester for tester in hosts.on_machines if tester.driver == AMAZON]
        self._fleet = fleet
        self._state = state
        self._hosts = hosts
        self._edge = edge
        self._opened: dict[str, Supplier] = {}

    def all(self) -> list[Supplier]:
        """Return every account that is concerned."""
        return list({id(found): found for found in map(self.of, self.testers)}.values())

    def of(self, tester: Tester) -> Supplier:
        """Return the account of a tester: that of its own keys, or the user's."""
        from orchestrator.cloud.prices import PriceList

        keys = keys_in_options(tester.options)
        whose = "" if keys is None else keys.access_key
        if whose not in self._opened:
            account = account_of(keys, edge=self._edge)
            self._opened[whose] = Supplier(
                account=account,
                offers=offers_of(account, state=self._state, fleet=self._fleet, edge=self._edge),
                prices=PriceList(account),
            )
        return self._opened[whose]

    def wish(self, tester: Tester) -> "Wish":
        """Return what a tester asks for; raise `ConfigurationError`."""
        return self.of(tester).offers.wish(self._hosts.like(tester))


def all_of(errors: Iterable[OrchestratorError]) -> ConfigurationError:
    """Return several refusals as one, each line once."""
    errors = list(errors)
    cards = [error.card for error in errors]
    what, cause, next_step = (
        "\n".join(dict.fromkeys(line for line in lines if line)) for lines in zip(*cards, strict=True)
    )
    code = next((error.card_code for error in errors if error.card_code), None)
    return ConfigurationError(what, cause=cause, next_step=next_step, card_code=code)
