"""What the hosts of a fleet cost, held against its budget."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from math import fsum

from orchestrator.act.check_hosts import Caution
from orchestrator.act.suppliers import AT_ONCE, Suppliers
from orchestrator.errors import ConfigurationError
from orchestrator.fleet.drivers import is_of_docker_machine
from orchestrator.fleet.model import Fleet, Tester
from orchestrator.fleet.quantities import duration_text, money_text
from orchestrator.fleet.rails import FREE

SHOWN = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class HostPrice:
    """USD per hour of one host, None where nobody knows; `date` is of the price list, if it is from there."""

    usd: float | None
    date: str = ""


@dataclass(kw_only=True)
class FleetPrice:
    """The prices of one fleet; the list is asked at the first look.

    `testers` are those that are concerned. `suppliers` None: no price list is asked. With `window` at
    most so many hosts are there at once.
    """

    fleet: Fleet
    testers: list[Tester]
    suppliers: Suppliers | None
    window: int | None = None
    why_unknown: list[str] = field(default_factory=list)

    @cached_property
    def hosts(self) -> dict[str, HostPrice]:
        """The price of each tester's host that costs something, the fleet's own figures first."""
        paid = [tester for tester in self.testers if tester.driver not in FREE]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            found = list(pool.map(self._price, paid))
        return {tester.name: each for tester, each in zip(paid, found, strict=True)}

    def check(self) -> str:
        """Raise where the fleet may cost more than its budget; return what it costs."""
        limits = self.fleet.limits
        unknown = [name for name, each in self.hosts.items() if each.usd is None]
        known = sorted((each.usd for each in self.hosts.values() if each.usd is not None), reverse=True)
        # Whoever is there at once, the dearest cost no less.
        an_hour = fsum(known[: self.window])
        for_all = an_hour * limits.deadline_s / 3_600
        if limits.budget_usd is not None and unknown:
            raise ConfigurationError(
                f"nobody knows what the hosts of {_some(unknown)} cost, and there is a budget",
                cause="\n".join(self.why_unknown) or "there is no figure for their region and type",
                next_step="set `limits.prices`, or take `limits.budget` out",
                card_code="price-unknown",
            )
        if limits.budget_usd is not None and for_all > limits.budget_usd:
            raise ConfigurationError(
                f"the fleet may cost {_usd(for_all)}, and its budget is {_usd(limits.budget_usd)}",
                cause=f"{_usd(an_hour)} per hour for {duration_text(limits.deadline_s)} (`limits.deadline`)",
                next_step="lower `limits.deadline`, take testers out, or raise `limits.budget`",
                card_code="over-budget",
            )
        parts = []
        if len(unknown) < len(self.hosts):
            parts.append(
                f"{_usd(an_hour)} per hour, at most {_usd(for_all)} in {duration_text(limits.deadline_s)}"
            )
        if unknown:
            parts.append(f"unknown for {_some(unknown)}")
        if dates := sorted({each.date for each in self.hosts.values() if each.date}):
            parts.append(f"prices of {dates[0]}")
        return ", ".join(parts) or "nothing"

    def cautions(self) -> Iterator[Caution]:
        """Yield why a price is unknown."""
        if any(each.usd is None for each in self.hosts.values()) and self.why_unknown:
            yield Caution(
                detail="some prices are unknown",
                cause="\n".join(self.why_unknown),
                next_step="set `limits.prices`",
            )

    def listed(self, tester: Tester) -> HostPrice:
        """Return a price by the list alone, which nobody who writes a fleet can change."""
        from orchestrator.cloud.refusals import CloudRefused

        if self.suppliers is None or tester not in self.suppliers.testers:
            return HostPrice(usd=None)
        try:
            found = self.suppliers.of(tester).prices.price(self.suppliers.wish(tester))
        except CloudRefused as error:
            if error.what not in self.why_unknown:
                self.why_unknown.append(error.what)
            found = None
        return HostPrice(usd=None) if found is None else HostPrice(usd=found.usd_per_hour, date=found.date)

    def _price(self, tester: Tester) -> HostPrice:
        own = self.fleet.limits.prices
        names = [tester.name, tester.region]
        if is_of_docker_machine(tester.driver):
            names += [str(value) for name, value in tester.options.items() if name.endswith("-type")]
        given = next((own[name] for name in names if name in own), None)
        return self.listed(tester) if given is None else HostPrice(usd=given)


def _usd(usd: float) -> str:
    return money_text(round(usd, 4))


def _some(names: list[str]) -> str:
    rest = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {rest} more" if rest > 0 else "")
