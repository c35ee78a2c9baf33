"""`collector token`: who may administer and who may read."""

from datetime import UTC, datetime

import click
import sqlalchemy as sa

from collector.auth import ROLES, digest_of_token, new_token
from collector.commands.opened import make_current, opened
from collector.errors import CollectorError
from collector.session import reading, writing
from collector.settings import read_settings
from collector.tables import tokens
from wire.fields import time_text

database_option = click.option("--database-url", metavar="URL", help="sqlite:////path or postgresql://…")


@click.group()
def token() -> None:
    """Issue, list and revoke the tokens of admins and readers."""


@token.command()
@click.option("--role", type=click.Choice(ROLES), required=True)
@database_option
@click.pass_obj
def issue(environment: dict[str, str], role: str, database_url: str | None) -> None:
    """Print a new token; only its digest is kept, so that it is shown this once."""
    fresh = new_token()
    with opened(read_settings(environment, database_url=database_url)) as engine:
        make_current(engine, may_migrate=False)
        with writing(engine) as connection:
            number = connection.execute(
                sa.insert(tokens)
                .values(role=role, sha256=digest_of_token(fresh), created_at=datetime.now(UTC))
                .returning(tokens.c.id)
            ).scalar_one()
    click.echo(f"token {number} for the user {role}; it is not shown again", err=True)
    click.echo(fresh)


@token.command(name="list")
@database_option
@click.pass_obj
def list_tokens(environment: dict[str, str], database_url: str | None) -> None:
    """List tokens by number; the tokens themselves are not kept."""
    with opened(read_settings(environment, database_url=database_url)) as engine:
        make_current(engine, may_migrate=False)
        with reading(engine) as connection:
            rows = connection.execute(sa.select(tokens).order_by(tokens.c.id)).all()
    click.echo(f"{'ID':>4}  {'ROLE':<7} {'ISSUED':<28} REVOKED")
    for row in rows:
        revoked = "-" if row.revoked_at is None else time_text(row.revoked_at)
        click.echo(f"{row.id:>4}  {row.role:<7} {time_text(row.created_at):<28} {revoked}")


@token.command()
@click.argument("number", type=click.IntRange(min=1, max=2**31 - 1))
@database_option
@click.pass_obj
def revoke(environment: dict[str, str], number: int, database_url: str | None) -> None:
    """Revoke the token with a number; revoking it again changes nothing."""
    with opened(read_settings(environment, database_url=database_url)) as engine:
        make_current(engine, may_migrate=False)
        with writing(engine) as connection:
            row = connection.execute(sa.select(tokens).where(tokens.c.id == number)).one_or_none()
            if row is None:
                raise CollectorError(f"there is no token {number}; see `collector token list`")
            connection.execute(
                sa.update(tokens)
                .where(tokens.c.id == number, tokens.c.revoked_at.is_(None))
                .values(revoked_at=datetime.now(UTC))
            )
    click.echo(f"token {number} is revoked")
