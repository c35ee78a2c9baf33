"""`collector prune`."""

from dataclasses import replace
from datetime import UTC, datetime

import click

from collector.commands.opened import make_current, opened
from collector.errors import PartlyDone
from collector.history.confirmed import PROOF, confirmed_time
from collector.history.retention import Old, prune
from collector.session import reading
from collector.settings import MOST_DAYS, check_keep, read_settings
from wire.fields import time_text

DAYS = click.IntRange(0, MOST_DAYS)


@click.command(name="prune")
@click.option("--keep-raw-days", type=DAYS, metavar="N", help="Results of single runs; 0 is for ever.")
@click.option("--keep-hourly-days", type=DAYS, metavar="N", help="Sums by the hour.")
@click.option("--keep-daily-days", type=DAYS, metavar="N", help="Sums by the day.")
@click.option("--keep-verdicts-days", type=DAYS, metavar="N", help="Verdicts, and what was told of them.")
@click.option("--dry-run", is_flag=True, help="Only say what would be removed.")
@click.option("--by-clock", is_flag=True, help="Count from this machine's clock, whatever results say.")
@click.option("--database-url", metavar="URL", help="sqlite:////path or postgresql://…")
@click.pass_obj
def prune_now(
    environment: dict[str, str],
    keep_raw_days: int | None,
    keep_hourly_days: int | None,
    keep_daily_days: int | None,
    keep_verdicts_days: int | None,
    dry_run: bool,
    by_clock: bool,
    database_url: str | None,
) -> None:
    """Remove what is older than is to be kept, as `serve` does from time to time.

    How long that is, COLLECTOR_KEEP_RAW_DAYS, …_HOURLY_DAYS, …_DAILY_DAYS and …_VERDICTS_DAYS say, or the
    options.
    What the original tester posted is never removed.
    """
    settings = read_settings(environment, database_url=database_url)
    given = {
        "keep_raw_days": keep_raw_days,
        "keep_hourly_days": keep_hourly_days,
        "keep_daily_days": keep_daily_days,
        "keep_verdicts_days": keep_verdicts_days,
    }
    settings = replace(settings, **{name: days for name, days in given.items() if days is not None})  # type: ignore[arg-type]  # each is a number of days
    check_keep(settings.keep_raw_days, settings.keep_hourly_days, settings.keep_daily_days)
    if settings.keep.everything:
        click.echo("everything is kept: neither COLLECTOR_KEEP_…_DAYS nor --keep-…-days says otherwise")
        return
    now = datetime.now(UTC)
    with opened(settings) as engine:
        make_current(engine, may_migrate=False)
        with reading(engine) as connection:
            borne_out = confirmed_time(connection, now)
        if not dry_run:
            # Imported here: it brings numpy.
            from collector.history.rollups import Roller

            Roller(engine).roll_up(now)
        found = prune(engine, settings.keep, now=now, only_say=dry_run, count=True, by_clock=by_clock)
    for old in found:
        click.echo(_line(old))
    removed = [old for old in found if old.held is None]
    rows = sum(old.rows or 0 for old in removed)
    verb = "would be removed" if dry_run else "removed"
    click.echo(f"{rows} rows {verb}" if removed else f"nothing {'to remove' if dry_run else 'was removed'}")
    if not by_clock and borne_out is not None and now - borne_out > PROOF:
        click.echo(
            f"counted from {time_text(borne_out)}: nothing newer bears this machine's clock out "
            "(--by-clock counts from the clock)",
            err=True,
        )
    held = len(found) - len(removed)
    if held and not dry_run:
        raise PartlyDone(f"{held} of {len(found)} could not be removed now; run `collector prune` again")


def _line(old: Old) -> str:
    rows = "" if old.rows is None else f", {old.rows} rows"
    stays = "" if old.held is None else f": stays, {old.held}"
    return f"{old.what} before {time_text(old.before)}{rows}{stays}"
