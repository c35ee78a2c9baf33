"""The testers table, read as a fleet and written from one."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from orchestrator.collector_client import CollectorClient
from orchestrator.errors import ConfigurationError, FleetFileError, Problem
from orchestrator.events import printable
from orchestrator.fleet.model import Fleet, Tester
from orchestrator.fleet.references import refers

PROVIDERS = {
    "aws": ("amazonec2", "amazonec2-region"),
    "azure": ("azure", "azure-location"),
    "digitalocean": ("digitalocean", "digitalocean-region"),
    "exoscale": ("exoscale", "exoscale-availability-zone"),
    "google": ("google", "google-zone"),
    "hetzner": ("hetzner", "hetzner-server-location"),
    "linode": ("linode", "linode-region"),
    "openstack": ("openstack", "openstack-region"),
    "rackspace": ("rackspace", "rackspace-region"),
    "scaleway": ("scaleway", "scaleway-region"),
    "softlayer": ("softlayer", "softlayer-region"),
    "upcloud": ("upcloud", "upcloud-zone"),
    "vultr": ("vultr", "vultr-region"),
}
"""By the provider of an original row: the driver, and its option that takes the location."""

ALSO = {
    "amazon": "aws",
    "ec2": "aws",
    "gcp": "google",
    "gce": "google",
    "do": "digitalocean",
    "akamai": "linode",
}
"""Other names of providers."""

MAY_REFER = ("collector", "testers")
"""Parts of a spec in which `${VAR}` is kept as written; elsewhere it was replaced before it came here."""

Row = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """What an import changes in the table: names of testers."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    same: tuple[str, ...] = ()
    retired: tuple[str, ...] = ()


def fleet_in_table(client: CollectorClient, *, name: str | None, environment: Mapping[str, str]) -> Fleet:
    """Return the fleet of that name, or the only one, as the table has it; retired testers are left out.

    Raise `ConfigurationError` where it is not clear which one is meant, `FleetFileError` for a fleet
    that cannot be deployed. Of rows that cannot be deployed alone the fleet says so in `left_out`.
    """
    client.check_version()
    row = registered_fleet(client, name=name)
    rows = client.testers(fleet=row["fleet_id"])
    return fleet_of_rows(row, rows, environment=environment, source=f"testers table at {client.url}")


def fleet_of_rows(
    fleet: Row, testers: Sequence[Row], *, environment: Mapping[str, str], source: str
) -> Fleet:
    """Return the fleet of the rows that can be deployed; raise `FleetFileError` where none of them can."""

    def made(rows: Sequence[Row]) -> Fleet:
        return Fleet.from_spec(spec_in_table(fleet, rows, source=source), environment, source=source)

    try:
        return made(testers)
    except FleetFileError as error:
        refused: dict[str, str] = {}
        for row in testers:
            if row.get("retired_at") is not None:
                continue
            try:
                made([row])
            except FleetFileError as own:
                refused[row["name"]] = "; ".join(_of_row(problem, row["name"]) for problem in own.problems)
        good = [row for row in testers if row["name"] not in refused]
        if not refused or not any(row.get("retired_at") is None for row in good):
            # What is wrong stands in the fleet itself, or in every row.
            raise
        try:
            whole = made(good)
        except FleetFileError:
            raise error from None
        return whole.model_copy(update={"left_out": tuple(refused.items())})


def _of_row(problem: Problem, name: str) -> str:
    """Return what is wrong with a row that was read alone."""
    hint = f" ({problem.hint})" if problem.hint else ""
    text = problem.message.removeprefix(f"tester `{name}`: ").removeprefix("testers[0].")
    return f"{text}{hint}"


def registered_fleet(client: CollectorClient, *, name: str | None) -> dict[str, Any]:
    """Return the registered fleet of that name, or the only one; raise `ConfigurationError`."""
    fleets = client.fleets()
    names = ", ".join(sorted(str(fleet["name"]) for fleet in fleets))
    if not fleets:
        raise ConfigurationError(
            f"the testers table at {client.url} is empty", next_step="orchestrate testers import fleet.yaml"
        )
    if name is None:
        if len(fleets) == 1:
            return fleets[0]
        raise ConfigurationError(
            f"the testers table at {client.url} holds several fleets: {names}",
            next_step="say which: --fleet NAME",
        )
    for fleet in fleets:
        if fleet["name"] == name:
            return fleet
    raise ConfigurationError(
        f"the testers table at {client.url} has no fleet {name!r}", cause=f"it holds: {names}"
    )


def spec_in_table(fleet: Row, testers: Sequence[Row], *, source: str) -> dict[str, Any]:
    """Return a fleet's spec with the testers of the table, in the order in which the spec knew them.

    Raise `FleetFileError` that names each row that says nothing of how it is deployed.
    """
    spec = dict(fleet.get("spec") or {})
    known = [entry for entry in spec.get("testers") or [] if isinstance(entry, dict)]
    defaults = dict(spec.pop("defaults", None) or {}) or _shared(known)
    place = {entry.get("name"): number for number, entry in enumerate(known)}
    living = [row for row in testers if row.get("retired_at") is None]
    # What the spec does not know came later: by the time of its coming, then by name.
    living.sort(key=lambda row: (place.get(row["name"], len(place)), str(row.get("created_at")), row["name"]))
    problems: list[Problem] = []
    entries = []
    for row in living:
        try:
            entries.append(entry_of_row(row, defaults=defaults))
        except ValueError as error:
            problems.append(Problem(file=source, message=f"tester `{row['name']}`: {error}"))
    parts = {key: value for key, value in spec.items() if key not in MAY_REFER}
    rest = [({key: value for key, value in entry.items() if key != "options"}, entry) for entry in entries]
    found = [(path, "") for path in _references(parts, at="")]
    found += [
        (path, f"tester `{entry['name']}`: ") for part, entry in rest for path in _references(part, at="")
    ]
    for path, whose in found:
        text = f"{whose}`{path}` refers to the environment here, which only options and `collector` may"
        problems.append(Problem(file=source, message=text))
    if problems:
        raise FleetFileError(problems)
    return {"version": 1, **spec, "name": fleet["name"], "testers": entries}


def entry_of_row(row: Row, *, defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row as fleet.yaml would have it; raise `ValueError` for one that nobody can deploy.

    A row of the original (a provider, a region as its location, no config) gets the provider's
    driver in that region, and the rest from `defaults`.
    """
    config = dict(row.get("config") or {})
    entry = {"name": row["name"]}
    if "driver" not in config:
        entry = _merged(entry, _deployed_by_provider(row, config))
    if "probe" not in config:
        entry = _merged(dict(defaults), entry)
    return _merged(entry, config) | {"name": row["name"]}


def row_of_tester(tester: Tester) -> dict[str, Any]:
    """Return what the table keeps of a tester; secrets in its options stay references."""
    return {
        "name": tester.name,
        "location": None if tester.location is None else tester.location.region,
        "vps_provider": tester.provider,
        "config": tester.to_spec(),
    }


def difference(fleet: Fleet, rows: Sequence[Row]) -> Difference:
    """Return what the table lacks of a fleet; `rows` are all of the fleet's, retired ones as well."""
    living = {row["name"]: row for row in rows if row.get("retired_at") is None}
    wanted = {tester.name: row_of_tester(tester) for tester in fleet.testers}
    same = {
        name
        for name, row in wanted.items()
        if name in living and all(living[name].get(key) == value for key, value in row.items())
    }
    return Difference(
        added=tuple(name for name in wanted if name not in living),
        changed=tuple(name for name in wanted if name in living and name not in same),
        same=tuple(name for name in wanted if name in same),
        retired=tuple(sorted(name for name in living if name not in wanted)),
    )


def _deployed_by_provider(row: Row, config: Mapping[str, Any]) -> dict[str, Any]:
    provider, region = row.get("vps_provider"), row.get("location")
    if provider is None:
        if config:
            return {}
        raise ValueError("it has neither a config nor a provider")
    known = _provider_named(provider)
    if known is None:
        if config:
            return {}
        raise ValueError(
            f"provider `{printable(str(provider))}` is unknown here, known: {', '.join(PROVIDERS)}"
        )
    if not region:
        raise ValueError(f"provider `{provider}` needs a region as its location")
    driver, option = PROVIDERS[known]
    return {
        "driver": driver,
        "provider": provider,
        "location": {"region": region},
        "options": {option: region},
    }


def _provider_named(provider: Any) -> str | None:
    """Return the provider that a row means: people write `AWS` and `Digital Ocean`."""
    plain = "".join(letter for letter in str(provider).lower() if letter.isalnum())
    plain = ALSO.get(plain, plain)
    return plain if plain in PROVIDERS else None


def _references(value: Any, *, at: str) -> Iterator[str]:
    """Yield where `${VAR}` stands: it would send what the environment holds here to wherever a row says."""
    if isinstance(value, str) and refers(value):
        yield at
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _references(item, at=f"{at}.{key}" if at else str(key))
    elif isinstance(value, list | tuple):
        for number, item in enumerate(value):
            yield from _references(item, at=f"{at}[{number}]")


def _shared(entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the probe settings that all testers of a spec have: expansion left no defaults in it."""
    probes = [entry.get("probe") for entry in entries]
    if not probes or probes[0] is None or any(probe != probes[0] for probe in probes):
        return {}
    return {"probe": probes[0]}


def _merged(under: dict[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(under)
    for key, value in over.items():
        old = merged.get(key)
        merged[key] = _merged(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return merged
