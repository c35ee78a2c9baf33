"""`collector token`: who may administer, who may read, and what testers show."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import click
import sqlalchemy as sa

from collector import tokens
from collector.commands.opened import make_current, opened
from collector.errors import CollectorError, ConfigurationError, Refused
from collector.session import reading, writing
from collector.settings import read_settings
from collector.web.reads_names import fleet_number, the_tester
from wire.fields import time_text

UNITS_S = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}

database_option = click.option("--database-url", metavar="URL", help="sqlite:////path or postgresql://…")
fleet_option = click.option("--fleet", metavar="NAME", help="The tester's, where several have its name.")
number_type = click.IntRange(min=1, max=2**31 - 1)


class Span(click.ParamType[timedelta]):
    """A time such as 90s, 15m, 1h or 2d."""

    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """Return the time that a text says."""
        match = re.fullmatch(r"(\d{1,7})([smhd])", str(value).strip(), flags=re.ASCII)
        if match is None:
            self.fail(f"{value!r} is not a time such as 90s, 15m, 1h or 2d", param, ctx)
        span = timedelta(seconds=int(match[1]) * UNITS_S[match[2]])
        if span > tokens.MOST_GRACE:
            self.fail(f"{value!r} is longer than {tokens.MOST_GRACE.days} days", param, ctx)
        return span


@click.group()
def token() -> None:
    """Issue, list, rotate and revoke tokens."""


@token.command()
@click.option("--role", type=click.Choice(tokens.ROLES), help="For an admin or a reader.")
@click.option("--tester", metavar="NAME", help="For a tester, by name or UUID, beside those that it has.")
@fleet_option
@database_option
@click.pass_obj
def issue(
    environment: dict[str, str],
    role: str | None,
    tester: str | None,
    fleet: str | None,
    database_url: str | None,
) -> None:
    """Print a new token; only its digest is kept, so that it is shown this once."""
    if (role is None) == (tester is None):
        raise click.UsageError("say either --role or --tester")
    now = datetime.now(UTC)
    with _database(environment, database_url) as engine, writing(engine) as connection:
        if role is not None:
            fresh = tokens.issue(connection, role=role, now=now)
        else:
            fresh = tokens.issue_for_tester(connection, _tester(connection, tester, fleet), now=now)
    _print(fresh)


@token.command(name="list")
@click.option("--tester", metavar="NAME", help="Those of one tester, by name or UUID.")
@fleet_option
@database_option
@click.pass_obj
def list_tokens(
    environment: dict[str, str], tester: str | None, fleet: str | None, database_url: str | None
) -> None:
    """List tokens by number; the tokens themselves are not kept."""
    with _database(environment, database_url) as engine, reading(engine) as connection:
        number = None if tester is None else _tester(connection, tester, fleet).id
        rows = tokens.listed(connection, tester_number=number)
        held = tokens.registered(connection, tester_number=number)
    click.echo(f"{'ID':>4}  {'ROLE':<7} {'ISSUED':<28} {'ENDS':<28} TESTER")
    for row in rows:
        ends = "-" if row.revoked_at is None else time_text(row.revoked_at)
        whose = "" if row.tester is None else f"{row.fleet}/{row.tester}"
        line = f"{row.id:>4}  {row.role:<7} {time_text(row.created_at):<28} {ends:<28} {whose}"
        click.echo(line.rstrip())
    for row in held:
        # Its digest was registered with the tester, by an orchestrator.
        issued = time_text(row.created_at)
        click.echo(f"{'-':>4}  {tokens.TESTER:<7} {issued:<28} {'-':<28} {row.fleet}/{row.name}")


@token.command()
@click.argument("number", type=number_type, required=False)
@click.option("--tester", metavar="NAME", help="All tokens of a tester, by name or UUID.")
@fleet_option
@click.option(
    "--grace", type=Span(), default="0s", help="How long the old one stays good: 1h.  [default: 0s]"
)
@database_option
@click.pass_obj
def rotate(
    environment: dict[str, str],
    number: int | None,
    tester: str | None,
    fleet: str | None,
    grace: timedelta,
    database_url: str | None,
) -> None:
    """Print a new token in the place of the one with NUMBER, which ends now or after --grace."""
    _one_of(number, tester)
    now = datetime.now(UTC)
    with _database(environment, database_url) as engine, writing(engine) as connection:
        if number is not None:
            fresh = tokens.rotate(connection, number, grace=grace, now=now)
        else:
            fresh = tokens.rotate_tester(connection, _tester(connection, tester, fleet), grace=grace, now=now)
    _print(fresh, old=f"token {number}" if number is not None else f"every other token of {tester}")


@token.command()
@click.argument("number", type=number_type, required=False)
@click.option("--tester", metavar="NAME", help="All tokens of a tester, by name or UUID.")
@fleet_option
@database_option
@click.pass_obj
def revoke(
    environment: dict[str, str],
    number: int | None,
    tester: str | None,
    fleet: str | None,
    database_url: str | None,
) -> None:
    """Revoke the token with NUMBER; revoking it again changes nothing."""
    _one_of(number, tester)
    now = datetime.now(UTC)
    with _database(environment, database_url) as engine, writing(engine) as connection:
        if number is not None:
            tokens.revoke(connection, number, now=now)
        else:
            count = tokens.revoke_tester(connection, _tester(connection, tester, fleet), now=now)
    click.echo(
        f"token {number} is revoked" if number is not None else f"{count} tokens of {tester} are revoked"
    )


@contextmanager
def _database(environment: dict[str, str], database_url: str | None) -> Iterator[sa.Engine]:
    with opened(read_settings(environment, database_url=database_url)) as engine:
        make_current(engine, may_migrate=False)
        try:
            yield engine
        except Refused as error:
            raise CollectorError(f"{error.message}; {error.hint}") from None


def _tester(connection: sa.Connection, tester: str | None, fleet: str | None) -> sa.Row[tuple[object, ...]]:
    assert tester is not None
    return the_tester(connection, tester, fleet_number=fleet_number(connection, fleet))


def _one_of(number: int | None, tester: str | None) -> None:
    if (number is None) == (tester is None):
        raise ConfigurationError("say either a token's number or --tester", hint="collector token list")


def _print(fresh: tokens.Issued, *, old: str | None = None) -> None:
    """Print a token to stdout alone, and what is to be known of it to stderr."""
    click.echo(f"token {fresh.number} for the user {fresh.user}; it is not shown again", err=True)
    if fresh.ends is not None:
        click.echo(f"{old} ends at {time_text(fresh.ends)}", err=True)
    click.echo(fresh.token)
