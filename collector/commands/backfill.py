"""`collector backfill`."""

from datetime import UTC, datetime

import click

from collector.commands.interrupted import interrupted
from collector.commands.moment import Moment
from collector.commands.opened import make_current, opened
from collector.errors import ConfigurationError, Interrupted
from collector.settings import read_settings
from wire.fields import time_text


@click.command()
@click.option("--since", type=Moment(), metavar="TIME", help="From then on.  [default: the first result]")
@click.option("--until", type=Moment(), metavar="TIME", help="Up to then.  [default: now]")
@click.option("--database-url", metavar="URL", help="sqlite:////path or postgresql://…")
@click.pass_obj
def backfill(
    environment: dict[str, str], since: datetime | None, until: datetime | None, database_url: str | None
) -> None:
    """Make the sums by hour and day again, from the results that are stored.

    Collectors may run meanwhile, and it may be stopped at any time. Sums of results that retention
    has removed stay as they are. TIME is a day or a time such as 2026-03-01T12:00Z.
    """
    # Imported here: they bring numpy.
    from collector.history.again import gone_before, make_again

    if since is not None and until is not None and since >= until:
        raise ConfigurationError("--since is not before --until", hint="exchange the two")
    hours = 0
    with opened(read_settings(environment, database_url=database_url)) as engine:
        make_current(engine, may_migrate=False)
        with interrupted() as stopping:
            for redone in make_again(engine, since=since, until=until, now=datetime.now(UTC)):
                hours += redone.hours
                click.echo(f"{redone.day:%Y-%m-%d}: {redone.hours} hours of testers", err=True)
                if stopping.is_set():
                    raise Interrupted(
                        "stopped; every sum is right as it is, go on with"
                        f" `collector backfill --since {redone.day:%Y-%m-%d}`"
                    )
        gone = gone_before(engine)
    click.echo(f"{hours} hours of testers were summed up again")
    if gone is not None and (since is None or since < gone):
        click.echo(f"sums before {time_text(gone)} stay as they are: what they were made of was removed")
