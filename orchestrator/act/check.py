"""What would be refused: looked at before anything is created."""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass

from orchestrator.act.access import Access
from orchestrator.act.check_cloud import check_account, check_address, check_regions
from orchestrator.act.check_hosts import Caution, HostChecks
from orchestrator.act.check_schedules import check_schedules, schedule_cautions
from orchestrator.act.check_secrets import secret_cautions, secret_files
from orchestrator.act.clouds import can_ask
from orchestrator.act.embedded import EmbeddedCollector, check_port_is_free
from orchestrator.act.price import FleetPrice
from orchestrator.act.state import FleetState
from orchestrator.act.suppliers import Suppliers
from orchestrator.decide.peers import has_peers
from orchestrator.errors import ConfigurationError
from orchestrator.fleet.drivers import LOCAL
from orchestrator.fleet.model import Fleet
from orchestrator.fleet.rails import check_rails, is_from_table
from orchestrator.places.deadline import Deadline
from orchestrator.places.shell import python_command, run
from orchestrator.settings import Edge

PING_CHECK_S = 30.0


class MayNotPing(ConfigurationError):
    """The system allows nobody of ours to ping."""

    card_code = "may-not-ping"


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """One thing to look at: `look` returns what is good to know, or raises `ConfigurationError`.

    `cautions` yields what refuses nothing and should be known all the same.
    """

    what: str
    look: Callable[[], str]
    cautions: Callable[[], Iterable[Caution]] = tuple


def checks(
    fleet: Fleet,
    *,
    state: FleetState,
    access: Access | None,
    edge: Edge,
    only: Collection[str] | None = None,
    offline: bool = False,
    verified: bool = True,
    window: int | None = None,
) -> Iterator[Check]:
    """Return what to look at; `access` None means the embedded collector, `only` leaves others out.

    With `window` at most so many hosts cost something at once.
    `verified` False: hosts at AWS are allowed though nobody can ask AWS about them.
    """
    hosts = HostChecks(fleet, state=state, access=access, only=only, offline=offline, edge=edge)
    if window is not None:
        yield Check(what="window", look=lambda: check_window(fleet, window=window, only=only))
    yield Check(what="servers", look=lambda: check_servers(fleet))
    if files := secret_files(fleet, settings=edge.settings, environment=edge.environment):
        yield Check(
            what="secrets",
            look=lambda: f"{len(files)} from files",
            cautions=lambda: secret_cautions(files),
        )
    if any(
        tester.driver == LOCAL and tester.probe.type == "icmp" and (only is None or tester.name in only)
        for tester in fleet.testers
    ):
        yield Check(what="ping", look=check_may_ping)
    if hosts.on_machines:
        yield Check(what="docker-machine", look=hosts.machines, cautions=hosts.machine_cautions)
    if names := fleet.testers_of_all_regions():
        # Only `check --offline` comes here with them: everybody else has asked the account.
        told = f"`regions: all` of {', '.join(names)}: the account says which, and is not asked"
        yield Check(what="regions", look=lambda: told)
    suppliers = Suppliers(fleet, state=state, hosts=hosts, edge=edge)
    asks_cloud = bool(suppliers.testers) and not offline and (verified or can_ask())
    if asks_cloud:
        yield Check(what="account", look=lambda: check_account(suppliers, edge=edge))
        yield Check(what="regions", look=lambda: check_regions(suppliers))
        yield Check(what="address", look=lambda: check_address(edge))
    price = FleetPrice(
        fleet=fleet,
        testers=hosts.elsewhere,
        suppliers=suppliers if asks_cloud and can_ask() else None,
        window=window,
    )
    if hosts.on_machines and not offline:
        yield Check(what="price", look=price.check, cautions=price.cautions)
    if is_from_table(fleet):
        yield Check(
            what="limits",
            look=lambda: check_rails(
                fleet, edge.settings.rails, price_of=lambda tester: price.listed(tester).usd
            ),
        )
    if fleet.schedule:
        yield Check(
            what="schedule",
            look=lambda: check_schedules(fleet, now=edge.clock()),
            cautions=lambda: schedule_cautions(fleet, now=edge.clock()),
        )
    if hosts.elsewhere:
        yield Check(what="image", look=hosts.image)
        yield Check(what="delivery", look=hosts.delivery, cautions=hosts.delivery_cautions)
    if hosts.on_engines and not offline:
        yield Check(what="docker", look=hosts.engines)
    if offline:
        return
    if access is None:
        yield Check(what="collector", look=lambda: check_embedded(fleet, state=state))
    else:
        yield Check(what="collector", look=lambda: check_remote(access))


def check_servers(fleet: Fleet) -> str:
    """Raise where there is nobody to measure, or nobody who would."""
    if not fleet.testers:
        raise ConfigurationError(
            f"fleet {fleet.name!r} has no testers", next_step="add some under `testers:`"
        )
    if not fleet.servers:
        raise ConfigurationError(
            f"fleet {fleet.name!r} has no servers", next_step="add some under `servers:`"
        )
    return str(len(fleet.servers))


def check_window(fleet: Fleet, *, window: int, only: Collection[str] | None) -> str:
    """Raise where testers cannot measure one after the other."""
    count = sum(only is None or tester.name in only for tester in fleet.testers)
    if fleet.run.repeat is None:
        raise ConfigurationError(
            "a window needs runs that end",
            cause="with `run: forever` nobody makes room for the next host",
            next_step="write `run: once` or {repeat: 12, every: 5m}, or leave `--window` out",
        )
    if has_peers(fleet) and window < count:
        raise ConfigurationError(
            f"testers that measure each other are there at once, and the window is {window}",
            cause=f"`from: testers` stands under `servers:`, and {count} testers measure",
            next_step=f"leave `--window` out, or make it {count}",
        )
    return f"{min(window, count)} of {count} hosts at once"


def check_may_ping() -> str:
    """Raise `MayNotPing`, with the remedies, where a local tester could not open its socket."""
    outcome = run(python_command("tester", "check"), deadline=Deadline.after(PING_CHECK_S))
    if outcome.code == 0:
        return outcome.stdout.strip() or "allowed"
    said = outcome.stderr.strip().removeprefix("tester: ") or "`tester check` did not end in time"
    raise MayNotPing(said)


def check_embedded(fleet: Fleet, *, state: FleetState) -> str:
    """Raise where a stranger has the port of the embedded collector."""
    collector = EmbeddedCollector(state.collector)
    if (url := collector.running_url()) is not None:
        return f"embedded, {url}"
    if collector.is_alive:
        return "embedded, not answering yet"
    check_port_is_free(fleet.collector.port)
    return f"embedded, port {fleet.collector.port} is free"


def check_remote(access: Access) -> str:
    """Raise where the collector is away, speaks another version, or does not know our tokens."""
    with access.client() as client:
        health = client.check_version()
        client.readyz()
        client.fleets()
        if access.admin_token is None:
            raise ConfigurationError(
                "there is no admin token for the collector",
                cause="registering fleets, testers and sweeps needs one",
                next_step="set collector.admin_token in fleet.yaml, or ORCHESTRATE_ADMIN_TOKEN_FILE",
                card_code="no-admin-token",
            )
    return f"{access.url}, version {health.version}"
