"""`collector alerts`: who is told of what, and what was told."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import click
import sqlalchemy as sa

from collector.alerts.deliveries import newest_deliveries
from collector.alerts.file import read_rules
from collector.alerts.message import first_line, plain, trial_message
from collector.alerts.rehearse import rehearsed
from collector.alerts.rules import RECOVERED, Rule, Rules
from collector.alerts.teller import send
from collector.commands.opened import make_current, opened
from collector.dashboard.formats import plural
from collector.errors import CollectorError, ConfigurationError, PartlyDone
from collector.session import reading
from collector.settings import Settings, read_settings
from collector.tables import alert_states, fleets
from wire.fields import time_text

file_option = click.option("--file", "file", metavar="PATH", help="Instead of what COLLECTOR_ALERTS names.")
database_option = click.option("--database-url", metavar="URL", help="sqlite:////path or postgresql://…")
fleet_option = click.option("--fleet", metavar="NAME", help="One fleet alone.")
json_option = click.option("--format", "form", type=click.Choice(["table", "json"]), default="table")


@click.group()
def alerts() -> None:
    """Who is told of what is slow or lossy."""


@alerts.command()
@file_option
@click.pass_obj
def check(environment: dict[str, str], file: str | None) -> None:
    """Say what is wrong with the rules, with line and column; nothing is sent."""
    rules = _rules(read_settings(environment), environment, file)
    click.echo(f"{plural(len(rules.rules), 'rule')}, {plural(len(rules.receivers), 'receiver')}")


@alerts.command(name="list")
@file_option
@fleet_option
@database_option
@click.pass_obj
def list_alerts(
    environment: dict[str, str], file: str | None, fleet: str | None, database_url: str | None
) -> None:
    """List receivers, rules, and what is bad now by each rule."""
    settings = read_settings(environment, database_url=database_url)
    rules = _rules(settings, environment, file)
    for receiver in rules.receivers:
        click.echo(f"receiver {receiver.name}: {receiver.by.shown}")
    with opened(settings) as engine:
        make_current(engine, may_migrate=False)
        with reading(engine) as connection:
            number = _fleet_number(connection, fleet)
            for rule in rules.rules:
                click.echo(f"rule {rule.name}: {_words(rule)} → {', '.join(rule.to)}")
                for row in _open(connection, rule.name, number):
                    click.echo(
                        f"  since {time_text(row.since)[:16]}Z  {plain(f'{row.fleet}: {row.sentence}')}"
                    )


@alerts.command()
@click.option("--dry-run", is_flag=True, help="Only say what the last sweeps would have told.")
@click.option("--sweeps", "count", type=click.IntRange(1, 1_000), default=10, show_default=True, metavar="N")
@click.option("--to", metavar="RECEIVER", help="One receiver alone.")
@file_option
@fleet_option
@database_option
@click.pass_obj
def test(
    environment: dict[str, str],
    dry_run: bool,
    count: int,
    to: str | None,
    file: str | None,
    fleet: str | None,
    database_url: str | None,
) -> None:
    """Send each receiver a test, once; or say what the last sweeps would have told, and send nothing.

    With --dry-run as if nothing had been known before these sweeps.
    """
    settings = read_settings(environment, database_url=database_url)
    rules = _rules(settings, environment, file)
    if to is not None and to not in [receiver.name for receiver in rules.receivers]:
        raise ConfigurationError(f"no receiver is called {to}")
    if dry_run:
        _say(settings, rules, count=count, to=to, fleet=fleet)
    else:
        _try_out(rules, to)


@alerts.command()
@click.option("--limit", type=click.IntRange(1, 10_000), default=20, show_default=True, metavar="N")
@click.option("--to", metavar="RECEIVER", help="One receiver alone.")
@json_option
@fleet_option
@database_option
@click.pass_obj
def history(
    environment: dict[str, str],
    limit: int,
    to: str | None,
    form: str,
    fleet: str | None,
    database_url: str | None,
) -> None:
    """List what was told, the newest first, and what became of it."""
    settings = read_settings(environment, database_url=database_url)
    with opened(settings) as engine:
        make_current(engine, may_migrate=False)
        with reading(engine) as connection:
            number = _fleet_number(connection, fleet)
            rows = newest_deliveries(connection, limit=limit, fleet_number=number, receiver=to)
    if form == "json":
        click.echo(json.dumps([_as_json(row) for row in rows], indent=2))
        return
    if not rows:
        click.echo("nothing was told")
    for row in rows:
        tries = f"{row.attempts} attempt{'' if row.attempts == 1 else 's'}"
        note = f", {row.note}" if row.note else ""
        state = row.state.replace("_", " ")
        click.echo(f"{time_text(row.created_at)[:19]}Z  {row.receiver}: {state} ({tries}{note})")
        for line in str(row.message["text"]).splitlines():
            click.echo(f"  {line}")


def _rules(settings: Settings, environment: dict[str, str], file: str | None) -> Rules:
    path = file or settings.alerts_file
    if path is None:
        raise ConfigurationError("there are no alerts", hint="name a file with COLLECTOR_ALERTS or --file")
    rules = read_rules(Path(path), environment)
    for sentence in rules.open_secrets:
        click.echo(f"collector: warning: {sentence}", err=True)
    return rules


def _words(rule: Rule) -> str:
    findings = [finding.value for finding in rule.findings] if rule.tells_bad else []
    words = ", ".join([*findings, *([RECOVERED] if rule.tells_recovered else [])])
    return words if rule.of == 1 else f"{words}, {rule.needed} of {rule.of} rounds"


def _open(connection: sa.Connection, rule: str, fleet_number: int | None) -> list[sa.Row[Any]]:
    query = (
        sa.select(alert_states, fleets.c.name.label("fleet"))
        .select_from(alert_states.join(fleets, fleets.c.id == alert_states.c.fleet_id))
        .where(alert_states.c.rule == rule, alert_states.c.open)
        .order_by(fleets.c.name, alert_states.c.since, alert_states.c.scope, alert_states.c.key)
    )
    if fleet_number is not None:
        query = query.where(alert_states.c.fleet_id == fleet_number)
    return list(connection.execute(query))


def _say(settings: Settings, rules: Rules, *, count: int, to: str | None, fleet: str | None) -> None:
    said = 0
    with opened(settings) as engine:
        make_current(engine, may_migrate=False)
        with reading(engine) as connection:
            number = _fleet_number(connection, fleet)
            for receiver, message in rehearsed(connection, rules, sweeps_count=count, fleet_number=number):
                if to in (None, receiver):
                    said += 1
                    click.echo(f"{message['at'][:19]}Z  {receiver}")
                    for line in message["text"].splitlines():
                        click.echo(f"  {line}")
    click.echo(f"{said} message{'' if said == 1 else 's'} would have been told; nothing was sent")


def _try_out(rules: Rules, to: str | None) -> None:
    failed = 0
    for receiver in rules.receivers:
        if to in (None, receiver.name):
            message = trial_message(key=uuid4(), now=datetime.now(UTC))
            outcome = send(receiver, message)
            failed += not outcome.delivered
            click.echo(f"{receiver.name}: {'delivered' if outcome.delivered else 'failed'} ({outcome.note})")
    if failed:
        asked = len(rules.receivers) if to is None else 1
        reason = f"{failed} of {asked} receivers could not be told"
        raise CollectorError(reason) if failed == asked else PartlyDone(reason)


def _fleet_number(connection: sa.Connection, fleet: str | None) -> int | None:
    if fleet is None:
        return None
    number = connection.execute(sa.select(fleets.c.id).where(fleets.c.name == fleet)).scalar()
    if number is None:
        raise ConfigurationError(f"no fleet is called {fleet}")
    return int(number)


def _as_json(row: sa.Row[Any]) -> dict[str, Any]:
    return {
        "id": str(row.idempotency_key),
        "receiver": row.receiver,
        "rule": row.rule,
        "fleet": row.fleet,
        "created_at": time_text(row.created_at),
        "state": row.state,
        "attempts": row.attempts,
        "ended_at": None if row.ended_at is None else time_text(row.ended_at),
        "note": row.note,
        "summary": first_line(row.message),
        "message": row.message,
    }
