"""A fleet as plain JSON, in the shape of an expanded fleet.yaml, and back."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from orchestrator.errors import FleetFileError, Problem
from orchestrator.fleet.model import Fleet, Probe, Server, Tester
from orchestrator.fleet.quantities import duration_text, money_text
from orchestrator.fleet.references import BadReference, escaped, interpolated, refers
from orchestrator.fleet.refusals import refusals_of

_PLACE = ("region", "lat", "lon")


def tester_spec(tester: Tester) -> dict[str, Any]:
    """Return a tester as fleet.yaml would have it, with everything spelled out."""
    return _escaped(
        _filled(
            name=tester.name,
            driver=tester.driver,
            location=None if tester.location is None else _fields(tester.location, _PLACE),
            spot=tester.spot or None,
            probe=_probe_spec(tester.probe),
            provider=tester.provider,
            regions=tester.regions,
        )
    ) | _filled(options=_escaped(_plain(tester.options)) | _plain(tester.references))


def server_spec(server: Server) -> dict[str, Any]:
    """Return a server as fleet.yaml would have it."""
    spec = _filled(
        name=server.name,
        group=server.group or None,
        host=server.host,
        location=None if server.location is None else _fields(server.location, _PLACE),
    )
    if server.from_testers:
        spec["from"] = "testers"
    return _escaped(spec)


def fleet_spec(fleet: Fleet) -> dict[str, Any]:
    """Return a fleet as fleet.yaml would have it; references to secrets and variables stay references."""
    run, limits, collector = fleet.run, fleet.limits, fleet.collector
    access = _filled(
        url=collector.url,
        port=collector.port,
        admin_token=_token(collector.admin_token),
        reader_token=_token(collector.reader_token),
        insecure=collector.insecure or None,
    )
    spec = _filled(
        version=fleet.version,
        name=fleet.name,
        run={
            "repeat": "forever" if run.repeat is None else run.repeat,
            "every": duration_text(run.every_s),
            "jitter": duration_text(run.jitter_s),
        },
        image=_fields(fleet.image, ("build", "args", "load", "pull")),
        delivery=fleet.delivery,
        schedule=[
            {
                "name": entry.name,
                "cron": entry.cron,
                "timezone": entry.timezone,
                "testers": _plain(entry.testers),
                "missed": entry.missed,
                "overlap": entry.overlap,
            }
            for entry in fleet.schedule
        ],
        limits=_filled(
            concurrency=limits.concurrency,
            deadline=duration_text(limits.deadline_s),
            ttl=duration_text(limits.ttl_s),
            budget=None if limits.budget_usd is None else money_text(limits.budget_usd),
            prices={name: money_text(usd) for name, usd in limits.prices.items()},
        ),
    )
    return _escaped(spec) | {
        "testers": [tester_spec(tester) for tester in fleet.testers],
        "servers": [server_spec(server) for server in fleet.servers],
        "collector": _escaped(access) | _plain(collector.references),
    }


def fleet_of_spec(
    spec: Mapping[str, Any], environment: Mapping[str, str], *, source: str, directory: str
) -> Fleet:
    """Return the fleet of a spec; raise `FleetFileError` with `source` as its file."""
    reader = _SpecReader(environment)
    values = reader.value(dict(spec))
    written = [entry if isinstance(entry, dict) else {} for entry in _items(spec.get("testers"))]
    options = [
        {name: text_of for name, text_of in _entries(entry.get("options")) if _refers(text_of)}
        for entry in written
    ]
    access = {key: text for key, text in _entries(spec.get("collector")) if _refers(text)}
    for entry, references in zip(_items(values.get("testers")), options, strict=True):
        for name in references:
            entry["options"][name] = option_value(entry["options"][name])
    problems = [Problem(file=source, message=message, hint=hint) for message, hint in reader.problems]
    if problems:
        raise FleetFileError(problems)
    try:
        fleet = Fleet.model_validate(
            values | {"source": source, "directory": directory}, by_alias=True, by_name=False, context=PEOPLE
        )
    except ValidationError as error:
        raise FleetFileError(
            Problem(file=source, message=f"{path_text(wrong.loc)}: {wrong.message}", hint=wrong.hint)
            for wrong in refusals_of(error, Fleet)
        ) from None
    return with_references(fleet, options=options, collector=access)


PEOPLE = {"people": True}
"""The validation context of values that people write: durations need their unit."""


def with_references(fleet: Fleet, *, options: list[dict[str, Any]], collector: dict[str, Any]) -> Fleet:
    """Return the fleet with what was written instead of its values, tester by tester."""
    testers = tuple(
        tester.model_copy(update={"references": {name: _frozen(text) for name, text in written.items()}})
        if written
        else tester
        for tester, written in zip(fleet.testers, options, strict=True)
    )
    access = fleet.collector.model_copy(update={"references": collector}) if collector else fleet.collector
    return fleet.model_copy(update={"testers": testers, "collector": access})


def option_value(value: Any) -> Any:
    """Return an option after interpolation: a text, but for `true` and `false`.

    Drivers are told texts; a number would lose its leading zeros.
    """
    if isinstance(value, list):
        return [option_value(item) for item in value]
    return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value


def path_text(loc: tuple[int | str, ...]) -> str:
    """Return a path such as `testers[0].probe.count`."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in loc)
    return text.removeprefix(".") or "fleet"


class _SpecReader:
    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self.problems: list[tuple[str, str | None]] = []

    def value(self, value: Any) -> Any:
        if isinstance(value, str):
            try:
                return interpolated(value, self._environment)
            except BadReference as error:
                self.problems.append((error.message, error.hint))
                return value
        if isinstance(value, dict):
            return {key: self.value(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.value(item) for item in value]
        return value


def _token(token: Any) -> dict[str, Any] | None:
    return None if token is None else _fields(token, ("file", "env"))


def _probe_spec(probe: Probe) -> dict[str, Any]:
    return _filled(
        type=probe.type,
        port=probe.port,
        count=probe.count,
        interval=duration_text(probe.interval_s),
        timeout=duration_text(probe.timeout_s),
        size=probe.size,
        ip=probe.ip,
        dscp=probe.dscp,
        rate=probe.rate,
        trace=None if probe.trace == "off" else probe.trace,
    )


def _fields(model: object, names: tuple[str, ...]) -> dict[str, Any]:
    return _filled(**{name: _plain(getattr(model, name)) for name in names})


def _filled(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value not in (None, {}, [])}


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return {key: _plain(item) for key, item in value.items()} if isinstance(value, dict) else value


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _escaped(value: dict[str, Any]) -> dict[str, Any]:
    return {key: _escaped_value(item) for key, item in value.items()}


def _escaped_value(value: Any) -> Any:
    if isinstance(value, str):
        return escaped(value)
    if isinstance(value, list):
        return [_escaped_value(item) for item in value]
    return _escaped(value) if isinstance(value, dict) else value


def _refers(value: Any) -> bool:
    if isinstance(value, str):
        return refers(value)
    if isinstance(value, dict):
        return any(_refers(item) for item in value.values())
    return isinstance(value, (list, tuple)) and any(_refers(item) for item in value)


def _items(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else []


def _entries(value: Any) -> list[tuple[str, Any]]:
    return list(value.items()) if isinstance(value, dict) else []
