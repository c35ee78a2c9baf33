"""`collector migrate`."""

import click

from collector.commands.opened import opened
from collector.migrate import migrate as migrate_engine
from collector.settings import read_settings


@click.command()
@click.option("--database-url", metavar="URL", help="sqlite:////path or postgresql://…")
@click.option("--to", default="heads", show_default=True, metavar="REVISION", help="An older one goes down.")
@click.pass_obj
def migrate(environment: dict[str, str], database_url: str | None, to: str) -> None:
    """Bring the database to the newest revision."""
    with opened(read_settings(environment, database_url=database_url)) as engine:
        revision = migrate_engine(engine, to=to)
    click.echo(f"the database is at revision {revision or 'base (no tables)'}")
