"""What would be refused: looked at before anything is created."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from orchestrator.act.access import Access
from orchestrator.act.embedded import EmbeddedCollector, check_port_is_free
from orchestrator.act.state import FleetState
from orchestrator.errors import ConfigurationError
from orchestrator.fleet.model import Fleet
from orchestrator.places.deadline import Deadline
from orchestrator.places.shell import python_command, run

PING_CHECK_S = 30.0
DRIVERS = ("local",)


class MayNotPing(ConfigurationError):
    """The system allows nobody of ours to ping."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """One thing to look at: `look` returns what is good to know, or raises `ConfigurationError`."""

    what: str
    look: Callable[[], str]


def checks(
    fleet: Fleet,
    *,
    state: FleetState,
    access: Access | None,
    only: Collection[str] | None = None,
    offline: bool = False,
) -> Iterator[Check]:
    """Return what to look at; `access` None means the embedded collector, `only` leaves others out."""
    yield Check(what="drivers", look=lambda: check_drivers(fleet, only=only))
    yield Check(what="servers", look=lambda: check_servers(fleet))
    if "local" in fleet.testers_by_driver():
        yield Check(what="ping", look=check_may_ping)
    if offline:
        return
    if access is None:
        yield Check(what="collector", look=lambda: check_embedded(fleet, state=state))
    else:
        yield Check(what="collector", look=lambda: check_remote(access))


def check_drivers(fleet: Fleet, *, only: Collection[str] | None = None) -> str:
    """Raise where the driver of a tester concerned is not one that this version runs."""
    concerned = {
        driver: tuple(name for name in names if only is None or name in only)
        for driver, names in fleet.testers_by_driver().items()
    }
    foreign = {driver: names for driver, names in concerned.items() if names and driver not in DRIVERS}
    if not foreign:
        return f"{sum(len(names) for names in concerned.values())} local"
    lines = [f"driver {driver!r} of {_some(names)} cannot be run" for driver, names in foreign.items()]
    raise ConfigurationError(
        "\n".join(lines),
        cause="this version runs testers of the driver `local` only",
        next_step="leave them out with `--only`, or give them `driver: local`",
    )


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
            )
    return f"{access.url}, version {health.version}"


def _some(names: tuple[str, ...], *, most: int = 5) -> str:
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
