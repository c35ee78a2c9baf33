"""`collector testers`: the testers table, with nothing but the database."""

import json
import re
from datetime import UTC, datetime
from typing import Any

import click
import sqlalchemy as sa

from collector.commands.opened import make_current, opened
from collector.errors import ConfigurationError
from collector.session import reading
from collector.settings import read_settings
from collector.tables import fleets
from collector.tables import testers as testers_table
from wire.fields import time_text

UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
"""What YAML refuses as it stands, or takes for the end of a line (YAML 1.2, 5.1; 1.1, 4.2)."""


@click.group()
def testers() -> None:
    """Work on the testers table."""


@testers.command()
@click.option("--fleet", "name", metavar="NAME", help="Needed where there are several.")
@click.option("--database-url", metavar="URL", help="sqlite:////path or postgresql://…")
@click.pass_obj
def export(environment: dict[str, str], name: str | None, database_url: str | None) -> None:
    """Print a fleet and its testers as fleet.yaml, for `orchestrate up -`."""
    with opened(read_settings(environment, database_url=database_url)) as engine:
        make_current(engine, may_migrate=False)
        with reading(engine) as connection:
            fleet = _fleet(connection, name)
            rows = connection.execute(
                sa.select(testers_table)
                .where(testers_table.c.fleet_id == fleet.id, testers_table.c.retired_at.is_(None))
                .order_by(testers_table.c.id)
            ).all()
    click.echo(
        f"# Fleet {json.dumps(fleet.name)} ({fleet.uuid}), from the testers table at "
        f"{time_text(datetime.now(UTC))}."
    )
    click.echo("# JSON is YAML: `orchestrate` reads this as it reads fleet.yaml.")
    click.echo(yaml_text(fleet_file(fleet, rows)))


def fleet_file(fleet: sa.Row[Any], rows: Any) -> dict[str, Any]:
    """Return what fleet.yaml holds for a fleet: its spec, with the testers of the table."""
    spec = dict(fleet.spec)
    # The table's testers stand: it may have changed since the spec was stored.
    spec.pop("testers", None)
    head = {"version": spec.pop("version", 1), "name": fleet.name}
    spec.pop("name", None)
    return head | {"testers": [_tester(row) for row in rows]} | spec


def yaml_text(value: dict[str, Any]) -> str:
    """Return JSON that a reader of YAML takes for the same value, references to variables as text.

    Astral characters stay as they are: YAML knows no surrogate pairs.
    """
    text = json.dumps(_escaped(value), indent=2, ensure_ascii=False)
    return UNPRINTABLE.sub(lambda match: f"\\u{ord(match.group()):04x}", text)


def _escaped(value: Any) -> Any:
    """Return a value that fleet.yaml's interpolation of `${VAR}` turns back into this one."""
    if isinstance(value, str):
        return value.replace("$", "$$") if "$$" in value or "${" in value else value
    if isinstance(value, list):
        return [_escaped(item) for item in value]
    if isinstance(value, dict):
        return {key: _escaped(item) for key, item in value.items()}
    return value


def _tester(row: sa.Row[Any]) -> dict[str, Any]:
    config = {key: value for key, value in dict(row.config).items() if key != "name"}
    if not config:
        # A row of the original schema: its provider and region say how it is deployed.
        config = _original(row.vps_provider, row.location)
    return {"name": row.name} | config


def _original(provider: str | None, region: str | None) -> dict[str, Any]:
    config: dict[str, Any] = {}
    if provider is not None and provider.lower() in ("aws", "amazonec2", "ec2"):
        config["driver"] = "amazonec2"
        if region:
            config["options"] = {"amazonec2-region": region}
    elif provider:
        config["driver"] = provider
    if region:
        config["location"] = {"region": region}
    return config


def _fleet(connection: sa.Connection, name: str | None) -> sa.Row[Any]:
    rows = connection.execute(sa.select(fleets).order_by(fleets.c.name)).all()
    found = [row for row in rows if name is None or name in (row.name, str(row.uuid))]
    if len(found) == 1:
        return found[0]
    names = ", ".join(row.name for row in rows) or "none"
    if name is not None:
        raise ConfigurationError(f"there is no fleet {name}", hint=f"there are: {names}")
    if not rows:
        raise ConfigurationError("the database holds no fleet", hint="register one with `orchestrate up`")
    raise ConfigurationError(f"there are several fleets: {names}", hint="choose one with --fleet")
