"""`collector import-original`."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

import click

from collector.commands.interrupted import interrupted
from collector.commands.opened import make_current, opened
from collector.errors import Interrupted, PartlyDone
from collector.original.count import Count
from collector.session import writing
from collector.settings import read_settings

TELL_EVERY = 100_000
FLEET = "original"


@click.command(name="import-original")
@click.argument("dsn", metavar="DSN")
@click.option(
    "--fleet",
    metavar="NAME",
    default=FLEET,
    show_default=True,
    help="The fleet that its testers and servers join; it is made where there is none.",
)
@click.option("--database-url", metavar="URL", help="Where to: sqlite:////path or postgresql://…")
@click.pass_obj
def import_original(environment: dict[str, str], dsn: str, fleet: str, database_url: str | None) -> None:
    """Read a database of Data::Latency::Gather into this one.

    DSN is postgresql://user@host/name, dbi:Pg:dbname=name;host=host or sqlite:////path. A password
    belongs into PGPASSWORD or ~/.pgpass. What was imported before is not imported again, so it can
    be stopped at any time and go on. Results stay as they are, and out of figures and verdicts.
    """
    # Imported here: they bring the driver of Postgres.
    from collector.original.fleet import OriginalFleet
    from collector.original.results import import_results
    from collector.original.source import holds_password, opened_original

    if holds_password(dsn):
        click.echo(
            "whoever lists the processes of this machine reads that password: use PGPASSWORD", err=True
        )
    now = datetime.now(UTC)
    with (
        opened_original(dsn) as original,
        opened(read_settings(environment, database_url=database_url)) as to,
    ):
        make_current(to, may_migrate=False)
        with writing(to) as connection:
            joined = OriginalFleet(connection, fleet, now=now)
            counts = {
                "testers": joined.import_testers(original.rows("testers")),
                "servers": joined.import_servers(original.rows("servers")),
            }
        results = Count()
        told = TELL_EVERY
        with interrupted() as stopping:
            for results in import_results(to, original.rows("ping_results"), fleet=fleet, now=now):
                if results.read >= told:
                    click.echo(f"{results.read:,} results read", err=True)
                    told = results.read + TELL_EVERY
                if stopping.is_set():
                    raise Interrupted(
                        f"stopped after {results.read:,} results; the same command goes on,"
                        " and nothing is counted twice"
                    )
    counts["results"] = results
    for line in told_as_lines(counts):
        click.echo(line)
    refused = sum(count.refused_count for count in counts.values())
    if refused:
        raise PartlyDone(f"{refused} rows of the original were refused, all others are here")


def told_as_lines(counts: Mapping[str, Count]) -> Iterator[str]:
    """Yield what became of each table, then what was refused and what is other here."""
    yield f"{'':8}{'IN THE ORIGINAL':>17}{'IMPORTED':>12}{'ALREADY THERE':>16}{'REFUSED':>12}"
    for what, count in counts.items():
        figures = (count.read, count.imported, count.already, count.refused_count)
        widths = (17, 12, 16, 12)
        yield f"{what:8}" + "".join(
            f"{figure:>{width},}" for figure, width in zip(figures, widths, strict=True)
        )
    for what, count in counts.items():
        for reason, (number, first) in count.refused.items():
            yield f"refused: {number:,} of the {what}, {reason}; the first has the id {json.dumps(first)}"
    for count in counts.values():
        yield from count.notes
