"""What docker-machine would refuse, or would do that nobody expects: found before anything is created."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from orchestrator.errors import ConfigurationError
from orchestrator.fleet.nearest import did_you_mean
from orchestrator.places.machine.docker_machine import (
    Flag,
    hidden_options,
    known_regions,
    looks_secret,
    name_problem,
    region_of,
)
from orchestrator.places.machine.environment import AMAZON, MachineEnvironment
from orchestrator.places.machine.keys import AMAZON_OPTIONS
from orchestrator.places.machine.program import MachineProgram
from orchestrator.places.machine.store import MachineStore
from orchestrator.places.place import NewHost

FAILED, WARNING, OK = "failed", "warning", "ok"
CA_BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """One thing that was found; `state` is ok, warning or failed, as in `events.Checked`."""

    state: str
    detail: str
    cause: str = ""
    next_step: str = ""
    code: str = ""


def check_program(
    program: MachineProgram,
    *,
    store: MachineStore,
    hosts: Iterable[NewHost],
    environment: Mapping[str, str],
    offline: bool = False,
) -> list[Found]:
    """Return what is found about a docker-machine and the hosts that it is to make.

    The hosts bear a name of the length that theirs will have. Nothing is created, and nobody's
    cloud is asked. `offline`: nobody looks for the keys of whoever runs us; a sign-on would be asked.
    """
    try:
        version = str(program.version())
        former = store.check_version()
    except ConfigurationError as error:
        return [_failed(error)]
    found = [Found(state=OK, detail=f"{version}, {program.path}")]
    if former is not None and former != version and store.names():
        found.append(
            Found(
                state=WARNING,
                detail=f"{len(store.names())} hosts were made with {former}",
                cause="forks keep their machines in forms of their own",
                next_step="name that program by ORCHESTRATE_DOCKER_MACHINE, or `orchestrate down` first",
            )
        )
    by_driver: dict[str, list[NewHost]] = {}
    for host in hosts:
        by_driver.setdefault(host.driver, []).append(host)
    for driver, concerned in sorted(by_driver.items()):
        found += _of_driver(program, driver=driver, hosts=concerned, offline=offline)
    for name in CA_BUNDLES:
        if environment.get(name):
            found.append(
                Found(
                    state=OK,
                    detail=f"{name} is set: it is kept from Docker's connections",
                    cause="it would stand in for the authority of each host's engine",
                )
            )
    return found


def _of_driver(
    program: MachineProgram, *, driver: str, hosts: list[NewHost], offline: bool
) -> Iterator[Found]:
    try:
        flags = program.flags(driver)
    except ConfigurationError as error:
        yield _failed(error)
        return
    # Testers often share their options: each mistake is told once.
    known = known_regions(program.version())
    told = {
        finding: None
        for host in hosts
        for finding in _of_host(program.environment, host, flags=flags, known=known, offline=offline)
    }
    yield from told
    if driver != AMAZON and (kept := [name for name in flags if looks_secret(name)]):
        yield Found(
            state=WARNING,
            detail=f"driver {driver} keeps its secrets ({', '.join(sorted(kept))}) in docker-machine's store",
            cause="that driver writes them into the machine's config.json; it is deleted with the machine",
            next_step="use credentials that may do little, and are short-lived",
        )


def _of_host(
    environment: MachineEnvironment,
    host: NewHost,
    *,
    flags: Mapping[str, Flag],
    known: frozenset[str] | None,
    offline: bool,
) -> Iterator[Found]:
    if (problem := name_problem(host.name)) is not None:
        yield Found(
            state=FAILED,
            detail=f"the host of {host.tester} cannot be called {host.name!r}",
            cause=problem,
            next_step="shorten the name of the fleet or of the tester",
        )
    region = region_of(host.driver, host.options, otherwise=host.region)
    if host.driver == AMAZON and known is not None and region not in known:
        yield Found(
            state=FAILED,
            detail=f"this docker-machine cannot make hosts in {region}",
            cause="its list of regions ended in 2019",
            next_step="name a fork by ORCHESTRATE_DOCKER_MACHINE: GitLab's docker-machine or rancher-machine",
        )
    for option, value in host.options.items():
        flag = flags.get(option)
        if flag is None:
            yield Found(
                state=FAILED,
                detail=f"driver {host.driver} has no option `{option}`",
                cause=did_you_mean(option, flags) or "this docker-machine does not list it",
                next_step=f"`{host.driver}` options: docker-machine create -d {host.driver} --help",
            )
        elif flag.takes_value and value is True:
            yield Found(state=FAILED, detail=f"option `{option}` needs a value", next_step="write one")
        elif not flag.takes_value and not isinstance(value, bool) and value is not None:
            # Its value would be taken for the machine's name.
            yield Found(
                state=FAILED, detail=f"option `{option}` is a switch", next_step="write `true` or `false`"
            )
    shown = {name: value for name, value in host.options.items() if name not in AMAZON_OPTIONS}
    try:
        hidden_options(shown, references=host.references, flags=flags)
        if host.driver == AMAZON:
            environment.check_keys(host.options, of_user=not offline)
    except ConfigurationError as error:
        yield _failed(error)


def _failed(error: ConfigurationError) -> Found:
    return Found(
        state=FAILED,
        detail=error.what,
        cause=error.cause,
        next_step=error.next_step,
        code=error.card_code,
    )
