"""What a fleet from the testers table may ask for: set where the orchestrator runs, not in the table."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from math import fsum
from typing import Any

from orchestrator.errors import ConfigurationError
from orchestrator.fleet.drivers import OWN_DRIVERS, is_of_docker_machine
from orchestrator.fleet.model import Fleet, Tester
from orchestrator.fleet.quantities import duration_text, money_text

TABLE = "testers table"
"""How the source of a fleet from the table begins."""

FREE = (*OWN_DRIVERS, "generic", "none")
"""Drivers that make no host: nobody is paid for it."""

AFTERLIFE_S = 1_800.0
"""A cloud host ends itself this long after `limits.deadline`, where no ttl says otherwise."""

TYPE_OPTIONS = frozenset({
    "amazonec2-instance-type", "aliyunecs-instance-type", "azure-size", "cloudscale-flavor",
    "digitalocean-size", "equinixmetal-plan", "exoscale-instance-profile", "google-machine-type",
    "hetzner-server-type", "linode-instance-type", "oci-node-shape", "openstack-flavor-id",
    "openstack-flavor-name", "otc-flavor-id", "otc-flavor-name", "outscale-instance-type", "ovh-flavor",
    "packet-plan", "rackspace-flavor-id", "scaleway-commercial-type", "upcloud-plan", "vultr-plan",
})  # fmt: skip
"""Options that say how big a host is, by driver."""

_USER_DATA = re.compile(
    "user-?data|custom-?data|cloud-?(init|config)|no-?cloud|start-?up-?script|boot-?script|stack-?script"
    "|user-?script|metadata-from-file|google-metadata|ignition|guestinfo|cfgparam|kickstart|install-url"
)
"""What options are called that bring somebody's program onto a host, of any driver."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rails:
    """The limits; entries are patterns such as `digitalocean-*`. None is no limit.

    The defaults let the original rows deploy: small hosts of EC2 in a region, and testers of this
    machine. They leave out what costs more, what reads files here, and what runs somebody's program.
    """

    drivers: tuple[str, ...] = ("amazonec2", "local")
    options: tuple[str, ...] = (
        "amazonec2-region", "amazonec2-zone", "amazonec2-instance-type",
        "amazonec2-request-spot-instance",
    )  # fmt: skip
    types: tuple[str, ...] = (
        "t2.nano", "t2.micro", "t3.nano", "t3.micro", "t3a.nano", "t3a.micro", "t4g.nano", "t4g.micro",
    )  # fmt: skip
    images: tuple[str, ...] = ()
    max_usd_per_hour: float | None = 1.0
    max_ttl_s: float | None = 21_600.0


PriceOf = Callable[[Tester], float | None]
"""Gives what a tester's host costs in USD per hour, None where nobody knows."""


def is_from_table(fleet: Fleet) -> bool:
    """Return whether a fleet came from the testers table."""
    return fleet.source.startswith(TABLE)


def is_user_data(option: str) -> bool:
    """Return whether an option brings somebody's program onto a host, whatever the driver."""
    return _USER_DATA.search(_plain(option)) is not None


def check_rails(fleet: Fleet, rails: Rails, *, price_of: PriceOf) -> str:
    """Raise `ConfigurationError` for a fleet from the table that is beyond the rails; say what they are."""
    if not is_from_table(fleet):
        return "a file: no limits but its own"
    refused = refusals_of_table(fleet, rails, price_of=price_of)
    if refused:
        raise ConfigurationError(
            "\n".join(refused),
            cause="the testers table cannot raise the limits that are set where the orchestrator runs",
            next_step="mend the rows with `orchestrate testers set`, or set what the lines name, here",
        )
    usd = "any price" if rails.max_usd_per_hour is None else f"{money_text(rails.max_usd_per_hour)} per hour"
    ttl = "any ttl" if rails.max_ttl_s is None else f"ttl {duration_text(rails.max_ttl_s)}"
    return f"drivers {', '.join(rails.drivers) or 'none'}; at most {usd}, {ttl}"


def refusals_of_table(fleet: Fleet, rails: Rails, *, price_of: PriceOf) -> list[str]:
    """Return what a fleet from the table asks for beyond the rails, one line each, with the row's name.

    A price that nobody knows is refused under a limit: it may be any. `price_of` must not take its
    prices from the fleet, which is the table's. Values that come out of the environment are not
    repeated.
    """
    refused = list(_of_fleet(fleet, rails))
    for tester in fleet.testers:
        refused += [f"tester `{tester.name}`: {text}" for text in _of_tester(tester, rails)]
    return refused + list(_of_prices(fleet, rails, price_of=price_of))


def _of_fleet(fleet: Fleet, rails: Rails) -> Iterator[str]:
    own = fleet.source.removeprefix(f"{TABLE} at ")
    if fleet.collector.url is not None and fleet.collector.url.rstrip("/") != own.rstrip("/"):
        yield f"fleet `{fleet.name}`: `collector.url` is another collector than the table's: {own}"
    image = fleet.image
    names = [
        image.build,
        image.pull,
        image.load if isinstance(image.load, str) else None,
        *image.args.values(),
    ]
    for name in names:
        if name is not None and not _is_allowed(name, rails.images):
            yield f"fleet `{fleet.name}`: image `{name}` is not in ORCHESTRATE_ALLOWED_IMAGES"
    if rails.max_ttl_s is None or not any(is_of_docker_machine(tester.driver) for tester in fleet.testers):
        return
    limits, most = fleet.limits, duration_text(rails.max_ttl_s)
    if limits.ttl_s > rails.max_ttl_s:
        text = f"`limits.ttl` is {duration_text(limits.ttl_s)}"
        yield f"fleet `{fleet.name}`: {text}, ORCHESTRATE_MAX_TTL allows {most}"
    if limits.deadline_s + AFTERLIFE_S > rails.max_ttl_s:
        text = f"`limits.deadline` is {duration_text(limits.deadline_s)}, and hosts live 30m longer"
        yield f"fleet `{fleet.name}`: {text}; ORCHESTRATE_MAX_TTL allows {most}"


def _of_tester(tester: Tester, rails: Rails) -> Iterator[str]:
    if not _is_allowed(tester.driver, rails.drivers):
        yield f"driver `{tester.driver}` is not in ORCHESTRATE_ALLOWED_DRIVERS ({_listed(rails.drivers)})"
        return
    for option in sorted(tester.options):
        if is_user_data(option):
            yield f"option `{option}` is user data: the table must not bring a program"
        elif not _is_allowed(_plain(option), rails.options):
            yield f"option `{option}` is not in ORCHESTRATE_ALLOWED_OPTIONS ({_listed(rails.options)})"
        elif _plain(option) in TYPE_OPTIONS and not _are_allowed(tester.options[option], rails.types):
            shown = tester.references.get(option, tester.options[option])
            yield f"type `{shown}` is not in ORCHESTRATE_ALLOWED_TYPES ({_listed(rails.types)})"


def _of_prices(fleet: Fleet, rails: Rails, *, price_of: PriceOf) -> Iterator[str]:
    if rails.max_usd_per_hour is None:
        return
    limit = f"ORCHESTRATE_MAX_USD_PER_HOUR allows {money_text(rails.max_usd_per_hour)} in all"
    known: list[float] = []
    for tester in fleet.testers:
        if tester.driver in FREE or not _is_allowed(tester.driver, rails.drivers):
            continue
        usd = price_of(tester)
        if usd is None:
            yield f"tester `{tester.name}`: nobody knows what its host costs, and {limit}"
            continue
        was_below = fsum(known) <= rails.max_usd_per_hour
        known.append(usd)
        if was_below and fsum(known) > rails.max_usd_per_hour:
            text = f"with its {money_text(round(usd, 6))} the fleet costs {money_text(round(fsum(known), 6))}"
            yield f"tester `{tester.name}`: {text} per hour, {limit}"


def _are_allowed(value: Any, patterns: Iterable[str]) -> bool:
    values = value if isinstance(value, tuple | list) else (value,)
    return all(_is_allowed(str(item), patterns) for item in values)


def _is_allowed(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _plain(option: str) -> str:
    """Return an option's name as docker-machine's flags have it, whichever way it is written."""
    return option.strip().lstrip("-").lower().replace("_", "-")


def _listed(patterns: tuple[str, ...]) -> str:
    return ", ".join(patterns) or "nothing"
