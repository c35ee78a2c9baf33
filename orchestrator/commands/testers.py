"""`orchestrate testers`: the collector's testers table."""

import json
import shutil
from typing import Any
from uuid import UUID, uuid4

import click

from orchestrator.commands.choose_fleet import record_of
from orchestrator.errors import ConfigurationError
from orchestrator.settings import Edge

by_fleet = click.option("--fleet", "name", metavar="NAME", help="The fleet, where the table holds several.")
by_format = click.option(
    "--format", "form", type=click.Choice(["table", "json", "csv"]), default="table", show_default=True
)


@click.group()
def testers() -> None:
    """Work on the collector's testers table."""


@testers.command("list")
@click.option("--retired", is_flag=True, help="Those that were retired as well.")
@by_format
@by_fleet
@click.pass_obj
def list_command(edge: Edge, retired: bool, form: str, name: str | None) -> None:
    """Print the testers."""
    from orchestrator.commands.open_results import open_table

    with open_table(name, edge=edge) as client:
        rows = client.testers(fleet=name, include_retired=retired)
    _print_rows(rows, form=form, edge=edge)


@testers.command()
@click.argument("text")
@by_format
@by_fleet
@click.pass_obj
def find(edge: Edge, text: str, form: str, name: str | None) -> None:
    """Print the testers that hold TEXT in name, region, provider or driver."""
    from orchestrator.commands.open_results import open_table
    from orchestrator.show.roster import driver_of

    with open_table(name, edge=edge) as client:
        rows = client.testers(fleet=name)
    wanted = text.casefold()
    found = [
        row
        for row in rows
        if any(
            wanted in str(part or "").casefold()
            for part in (row["name"], row.get("location"), row.get("vps_provider"), driver_of(row))
        )
    ]
    _print_rows(found, form=form, edge=edge)


@testers.command("import")
@click.argument("file")
@click.option("--profile", metavar="NAME", help="Apply a profile of the fleet file.")
@click.option("--retire-missing", is_flag=True, help="Retire the testers that the file does not have.")
@click.pass_obj
def import_command(edge: Edge, file: str, profile: str | None, retire_missing: bool) -> None:
    """Register the fleet in FILE (- for stdin) and its testers. Twice is once."""
    from orchestrator.act.identity import tester_id_of
    from orchestrator.commands.choose_fleet import Asked
    from orchestrator.commands.open_results import open_results
    from orchestrator.fleet.roster import difference, row_of_tester

    with open_results(Asked(fleet=file, profile=profile), edge=edge) as results:
        fleet, client = results.wanted, results.client
        if fleet is None:
            raise ConfigurationError(f"{file!r} is not a fleet file")
        registered = client.fleets(name=fleet.name)
        fleet_id = UUID(registered[0]["fleet_id"]) if registered else _known_id(fleet.name, edge=edge)
        client.put_fleet(fleet_id, name=fleet.name, spec=fleet.to_spec(), orchestrator=edge.settings.who)
        rows = client.testers(fleet=fleet_id, include_retired=True)
        ids = {row["name"]: UUID(row["tester_id"]) for row in rows}
        changes = difference(fleet, rows)
        for tester in fleet.testers:
            if tester.name in changes.same:
                continue
            tester_id = ids.get(tester.name) or tester_id_of(fleet_id=fleet_id, tester=tester.name)
            client.put_tester(tester_id, fleet_id=fleet_id, token_sha256=None, **row_of_tester(tester))
        for missing in changes.retired if retire_missing else ():
            client.retire_tester(ids[missing])
    _say(
        edge,
        f"fleet {fleet.name}: {len(changes.added)} testers added, {len(changes.changed)} changed, "
        f"{len(changes.same)} the same, {len(changes.retired) if retire_missing else 0} retired",
    )
    if changes.retired and not retire_missing:
        names = ", ".join(changes.retired)
        _warn(edge, f"in the table but not in {file}: {names}; --retire-missing retires them")


@testers.command()
@by_fleet
@click.pass_obj
def export(edge: Edge, name: str | None) -> None:
    """Print the fleet of the table as fleet.yaml, after expansion."""
    from orchestrator.commands.open_results import open_table
    from orchestrator.fleet.roster import fleet_in_table
    from orchestrator.fleet.yaml_text import yaml_text

    with open_table(name, edge=edge) as client:
        fleet = fleet_in_table(client, name=name, environment=edge.environment)
        for tester, reason in fleet.left_out:
            _warn(edge, f"tester {tester} is left out, it cannot be deployed: {reason}")
        edge.stdout.write(yaml_text(fleet))


@testers.command()
@click.argument("tester")
@click.option("--driver", metavar="NAME", help="What makes its host.")
@click.option("--region", metavar="NAME", help="Where it stands.")
@click.option("--provider", metavar="NAME", help="Who runs its host.")
@click.option("--spot", is_flag=True, help="Spare capacity will do.")
@click.option("--option", "options", metavar="KEY=VALUE", multiple=True, help="What the driver is told.")
@by_fleet
@click.pass_obj
def add(
    edge: Edge,
    tester: str,
    driver: str | None,
    region: str | None,
    provider: str | None,
    spot: bool,
    options: tuple[str, ...],
    name: str | None,
) -> None:
    """Add TESTER to the fleet."""
    config: dict[str, Any] = {}
    if driver is not None or provider is None:
        config["driver"] = driver or "local"
    if region is not None:
        config["location"] = {"region": region}
    if spot:
        config["spot"] = True
    if options:
        config["options"] = dict(_pair(text) for text in options)
    with _table(name, edge=edge) as table:
        if tester in table.living():
            raise ConfigurationError(
                f"fleet {table.name!r} has a tester {tester!r}",
                next_step=f"orchestrate testers set {tester} KEY=VALUE",
            )
        table.put(tester, location=region, provider=provider, config=config)
    _say(edge, f"{tester} added to fleet {table.name}")


@testers.command("set")
@click.argument("tester")
@click.argument("pairs", metavar="KEY=VALUE...", nargs=-1, required=True)
@by_fleet
@click.pass_obj
def set_command(edge: Edge, tester: str, pairs: tuple[str, ...], name: str | None) -> None:
    """Change TESTER: driver, provider, spot, location.region, options.KEY, probe.count. KEY= removes."""
    changes = [_pair(text) for text in pairs]
    with _table(name, edge=edge) as table:
        row = table.row(tester)
        config = json.loads(json.dumps(row.get("config") or {}))
        provider, location = row.get("vps_provider"), row.get("location")
        for key, value in changes:
            if key == "name":
                raise ConfigurationError(
                    "a tester's name cannot be changed", next_step="add it anew, retire this one"
                )
            if key == "provider":
                provider = value or None
            if key in ("location.region", "region"):
                key, location = "location.region", value or None
            _set(config, key.split("."), _value(key, value))
        table.put(tester, location=location, provider=provider, config=config)
    _say(edge, f"{tester} changed")


@testers.command()
@click.argument("tester")
@by_fleet
@click.pass_obj
def retire(edge: Edge, tester: str, name: str | None) -> None:
    """Take TESTER out of the fleet; its results stay."""
    with _table(name, edge=edge) as table:
        row = table.row(tester)
        table.client.retire_tester(UUID(row["tester_id"]))
    said = "was retired before" if row.get("retired_at") else "retired; its results stay"
    _say(edge, f"{tester} {said}")


def _table(name: str | None, *, edge: Edge) -> Any:
    from orchestrator.commands.testers_table import open_fleet_table

    return open_fleet_table(name, edge=edge)


def _known_id(name: str, *, edge: Edge) -> UUID:
    """Return the UUID under which a fleet has state here, a new one where it has none."""
    from orchestrator.act.state import state_of

    state = state_of(name, state_dir=edge.settings.state_dir)
    record = record_of(state, edge=edge) if state.exists else None
    return uuid4() if record is None else record.fleet_id


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise ConfigurationError(f"{text!r} is not KEY=VALUE")
    return key, value


def _value(key: str, text: str) -> Any:
    """Return a value as fleet.yaml would read it; drivers are told texts."""
    if text in ("true", "false"):
        return text == "true"
    if key.startswith("options.") or key == "probe.ip":
        return text
    try:
        number = json.loads(text)
    except ValueError:
        return text
    return number if isinstance(number, (int, float)) else text


def _set(config: dict[str, Any], keys: list[str], value: Any) -> None:
    for key in keys[:-1]:
        inner = config.setdefault(key, {})
        if not isinstance(inner, dict):
            raise ConfigurationError(f"{'.'.join(keys)!r} is not a key of a tester")
        config = inner
    if value == "":
        config.pop(keys[-1], None)
    else:
        config[keys[-1]] = value


def _print_rows(rows: list[dict[str, Any]], *, form: str, edge: Edge) -> None:
    from orchestrator.show.answers import rendered
    from orchestrator.show.roster import roster_answer

    color = edge.settings.color and edge.stdout.isatty()
    width = shutil.get_terminal_size().columns
    edge.stdout.write(rendered(roster_answer(rows), form=form, width=width, color=color))


def _say(edge: Edge, text: str) -> None:
    from orchestrator.show.escapes import shown

    edge.stdout.write(shown(text) + "\n")


def _warn(edge: Edge, text: str) -> None:
    from orchestrator.show.escapes import shown

    edge.stderr.write(shown(text) + "\n")
