"""What holds for a fleet here and now, value by value, and where each comes from; no secret is in it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import Any

from orchestrator.cloud.address import ADDRESS
from orchestrator.fleet.model import Fleet, SecretRef, Tester
from orchestrator.fleet.origins import DEFAULT, Origin, Origins, Path
from orchestrator.fleet.quantities import duration_text, money_text
from orchestrator.fleet.references import is_only_a_reference, refers
from orchestrator.patience import variable_of
from orchestrator.places.machine.docker_machine import looks_secret
from orchestrator.settings import (
    ADMIN_TOKEN,
    ALLOWED_DRIVERS,
    ALLOWED_IMAGES,
    ALLOWED_OPTIONS,
    ALLOWED_TYPES,
    COLLECTOR_URL,
    DOCKER_MACHINE,
    INSECURE,
    MAX_TTL,
    MAX_USD_PER_HOUR,
    NONE,
    READER_TOKEN,
    STATE_DIR,
    Edge,
)

HIDDEN = "(hidden)"
MACHINE = "this machine"
CREDENTIALS = re.compile(r"(?:(?<!ssh)|(?=://[^/@:\s]*:))(://)[^/@\s]*@")
"""The user of an engine that is reached by ssh is no secret; a password is."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """One value: `part` is what it belongs to, such as `tester oslo`, `key` its path in there."""

    part: str
    key: str
    value: Any
    origin: Origin

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        secret = {"secret": True} if self.value == HIDDEN else {}
        return {
            "part": self.part,
            "key": self.key,
            "value": self.value,
            "from": self.origin.to_dict(),
        } | secret


def configuration(fleet: Fleet, origins: Origins | None, *, edge: Edge) -> list[Setting]:
    """Return every value that holds, those that nobody set as well; `origins` None: from the table."""
    return [*_of_fleet(fleet, origins, edge=edge), *_of_machine(edge)]


def _of_fleet(fleet: Fleet, origins: Origins | None, *, edge: Edge) -> Iterator[Setting]:
    spec = fleet.to_spec()
    testers, servers, schedule = (spec.pop(key, []) for key in ("testers", "servers", "schedule"))
    access = spec.pop("collector", {})
    yield from _settings("fleet", spec, (), origins)
    yield from _access(fleet, access, origins, edge=edge)
    for number, entry in enumerate(schedule):
        yield from _settings(f"schedule {entry['name']}", entry, ("schedule", number), origins)
    for tester, entry in zip(fleet.testers, testers, strict=True):
        number, of_account = _entry_of(tester, origins)
        row = Origin(kind="table", name=tester.name)
        for setting in _settings(f"tester {tester.name}", entry, ("testers", number), origins, table=row):
            by_region = of_account and setting.key in ("name", "location.region", "options.amazonec2-region")
            yield replace(setting, origin=Origin(kind="account")) if by_region else setting
    for number, entry in enumerate(servers):
        yield from _settings(f"server {entry['name']}", entry, ("servers", number), origins)


def _settings(
    part: str, value: Any, path: Path, origins: Origins | None, *, table: Origin | None = None
) -> Iterator[Setting]:
    for below, leaf in _flat(value, ()):
        origin = (table or Origin(kind="table")) if origins is None else origins.of((*path, *below))
        key = ".".join(str(step) for step in below)
        yield Setting(part=part, key=key, value=_shown(leaf, below, origin), origin=origin)


def _flat(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _flat(item, (*path, key))
    else:
        yield path, value


def _shown(value: Any, path: Path, origin: Origin) -> Any:
    """Return a value as it may be shown: a reference as it was written, a secret not at all."""
    if isinstance(value, list):
        return [_shown(item, path, origin) for item in value]
    if not isinstance(value, str):
        return value
    # Of options and arguments: keys of ours hold no secret.
    names = [str(path[-1]), *([] if refers(value) else origin.variables)]
    if any(looks_secret(f"x-{name.lower().replace('_', '-')}") for name in names):
        return value if is_only_a_reference(value) else HIDDEN
    return CREDENTIALS.sub(rf"\1{HIDDEN}@", value)


def _entry_of(tester: Tester, origins: Origins | None) -> tuple[int, bool]:
    """Return which tester of the file it is, and whether the account said its region."""
    if origins is None:
        return 0, False
    if tester.name in origins.testers:
        return origins.testers.index(tester.name), False
    return origins.testers.index(tester.name.removesuffix(f"-{tester.region}")), True


def _access(fleet: Fleet, spec: dict[str, Any], origins: Origins | None, *, edge: Edge) -> Iterator[Setting]:
    """Yield how the collector is reached: what the environment says of it among the rest."""
    rest = {key: value for key, value in spec.items() if key not in ("admin_token", "reader_token")}
    for setting in _settings("fleet", rest, ("collector",), origins):
        yield replace(setting, key=f"collector.{setting.key}")
    if "url" not in spec:
        given = edge.settings.collector_url
        yield Setting(
            part="fleet",
            key="collector.url",
            value=CREDENTIALS.sub(rf"\1{HIDDEN}@", given) if given else "none: one is started here",
            origin=Origin(kind="variable", name=COLLECTOR_URL) if given else DEFAULT,
        )
    for key, variable, reference in (
        ("admin_token", ADMIN_TOKEN, fleet.collector.admin_token),
        ("reader_token", READER_TOKEN, fleet.collector.reader_token),
    ):
        value, origin = _token(variable, reference, origins, path=("collector", key), edge=edge)
        yield Setting(part="fleet", key=f"collector.{key}", value=value, origin=origin)


def _token(
    variable: str, reference: SecretRef | None, origins: Origins | None, *, path: Path, edge: Edge
) -> tuple[str, Origin]:
    if edge.environment.get(variable):
        return HIDDEN, Origin(kind="variable", name=variable)
    if file := edge.environment.get(f"{variable}_FILE"):
        return HIDDEN, Origin(kind="secret_file", name=f"{variable}_FILE", file=file)
    if reference is None:
        return "none", DEFAULT
    written = Origin(kind="table") if origins is None else origins.of(path)
    if reference.env is not None:
        return HIDDEN, replace(written, variables=(reference.env,))
    return f"{HIDDEN}, in {reference.file}", written


def _of_machine(edge: Edge) -> Iterator[Setting]:
    for name, value in _machine_values(edge):
        given = (edge.environment.get(name) or "").strip()
        origin = Origin(kind="variable", name=name) if given else DEFAULT
        if name == STATE_DIR and not given and edge.environment.get("XDG_STATE_HOME"):
            origin = Origin(kind="variable", name="XDG_STATE_HOME")
        yield Setting(part=MACHINE, key=name, value=value, origin=origin)


def _machine_values(edge: Edge) -> Iterator[tuple[str, Any]]:
    settings = edge.settings
    yield STATE_DIR, str(settings.state_dir)
    yield DOCKER_MACHINE, settings.docker_machine
    yield ADDRESS, edge.environment.get(ADDRESS, "").strip() or "what the cloud sees"
    yield INSECURE, settings.insecure
    yield "NO_COLOR", not settings.color
    for item in fields(settings.patience):
        value = getattr(settings.patience, item.name)
        yield variable_of(item.name), duration_text(value) if item.name.endswith("_s") else value
    rails = settings.rails
    for name, words in (
        (ALLOWED_DRIVERS, rails.drivers),
        (ALLOWED_OPTIONS, rails.options),
        (ALLOWED_TYPES, rails.types),
        (ALLOWED_IMAGES, rails.images),
    ):
        yield name, list(words) or NONE
    yield MAX_USD_PER_HOUR, NONE if rails.max_usd_per_hour is None else money_text(rails.max_usd_per_hour)
    yield MAX_TTL, NONE if rails.max_ttl_s is None else duration_text(rails.max_ttl_s)
