"""`orchestrate report`: questions to the collector, answered as tables or as data."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar
from uuid import UUID

import click

from orchestrator.commands.choose_fleet import fleet_argument
from orchestrator.commands.choose_window import since_of, sweep_of, sweep_or_none
from orchestrator.commands.reporting import (
    check_baseline,
    judge,
    judge_limits,
    opened_results,
    print_answer,
    trends_of,
)
from orchestrator.errors import ConfigurationError
from orchestrator.settings import Edge

DATA = ("json", "csv")
RUN_BY_RUN = timedelta(days=2)
AUTO, AUTO_ROWS = "auto", 48
FORMATS = ("table", "json", "csv", "markdown", "html")

F = TypeVar("F", bound=Callable[..., Any])

by_format = click.option("--format", "form", type=click.Choice(FORMATS), default="table", show_default=True)
by_sweep = click.option(
    "--sweep",
    metavar="ID",
    help="A sweep: its UUID or the beginning of it, `last`, or `last~1` for the one before.",
)
ranked_by = click.option(
    "--by",
    type=click.Choice(["p50", "p95", "loss", "floor", "baseline"]),
    help="Go by this figure; baseline is growth over what is usual at that hour.",
)
by_since = click.option("--since", metavar="TIME", help="From then on: 24h, 7d, or 2026-11-20T12:00Z.")


@click.group()
def report() -> None:
    """Print slow regions, the matrix, a path, a run, or what changed."""


TRACED_RESULTS = 200
"""How far back a traceroute is looked for: they are made of few rows."""


@report.command()
@ranked_by
@click.option(
    "--fail-on",
    type=click.Choice(["slow", "lossy", "structural"]),
    multiple=True,
    help="Exit with 4 where this is found.",
)
@click.option("--strict", is_flag=True, help="With --fail-on: exit with 4 also where nothing can be said.")
@by_since
@by_sweep
@by_format
@fleet_argument
@click.pass_obj
def slow(
    edge: Edge,
    /,
    by: str | None,
    fail_on: tuple[str, ...],
    strict: bool,
    since: str | None,
    sweep: str | None,
    form: str,
    **chosen: str | None,
) -> None:
    """Rank the regions, the slowest first."""
    from orchestrator.show.slow import slow_answer

    start = since_of(since, now=edge.clock())
    check_baseline(by, start=start, sweep=sweep, now=edge.clock())
    with opened_results(chosen, edge=edge) as results:
        sweep_id = sweep_or_none(results, sweep)
        found = results.client.slow(fleet=results.fleet, sweep_id=sweep_id, since=start, by=by)
        trends = trends_of(results, found) if form not in DATA else {}
    print_answer(slow_answer(found, trends=trends), form=form, edge=edge)
    judge(found, kinds=fail_on, strict=strict, edge=edge)


@report.command()
@ranked_by
@by_since
@by_sweep
@by_format
@fleet_argument
@click.pass_obj
def matrix(
    edge: Edge,
    /,
    by: str | None,
    since: str | None,
    sweep: str | None,
    form: str,
    **chosen: str | None,
) -> None:
    """Print testers against servers: the p50 of each path, or another figure."""
    from orchestrator.show.matrix import OF_RANKING, matrix_answer, with_ranking

    start = since_of(since, now=edge.clock())
    check_baseline(by, start=start, sweep=sweep, now=edge.clock())
    with opened_results(chosen, edge=edge) as results:
        sweep_id = sweep_or_none(results, sweep)
        found = results.client.matrix(fleet=results.fleet, sweep_id=sweep_id, since=start)
        if by in OF_RANKING:
            ranking = results.client.slow(fleet=results.fleet, sweep_id=sweep_id, since=start, by=by)
            found = with_ranking(found, ranking, by=by)
    print_answer(matrix_answer(found, by=by or "p50"), form=form, edge=edge)


@report.command()
@click.argument("tester")
@click.argument("server")
@click.option("--address", metavar="IP", help="One of the server's addresses.")
@click.option(
    "--resolution",
    metavar="PERIOD",
    help="A row for each run, hour or day, for 15m, 6h, 7d, or auto; a longer --since than two days is auto.",
)
@by_since
@by_format
@fleet_argument
@click.pass_obj
def path(
    edge: Edge,
    /,
    tester: str,
    server: str,
    address: str | None,
    resolution: str | None,
    since: str | None,
    form: str,
    **chosen: str | None,
) -> None:
    """Print the history from TESTER to SERVER."""
    from orchestrator.show.path import path_answer
    from orchestrator.show.trace import newest_trace

    start = since_of(since, now=edge.clock())
    with opened_results(chosen, edge=edge) as results:
        if resolution is None and start is not None and edge.clock() - start > RUN_BY_RUN:
            resolution = AUTO
        found = results.client.path(
            tester=tester,
            server=server,
            fleet=results.fleet,
            address=address,
            since=start,
            resolution=resolution,
            points=AUTO_ROWS if resolution == AUTO else None,
        )
        newest = results.client.results(
            tester=tester, server=server, fleet=results.fleet, since=start, limit=TRACED_RESULTS
        )
        traced = newest_trace([each for each in newest if address in (None, each["address"])])
    print_answer(path_answer(found, traced=traced), form=form, edge=edge)


@report.command()
@click.argument("run_id", type=click.UUID)
@by_format
@fleet_argument
@click.pass_obj
def run(edge: Edge, /, run_id: UUID, form: str, **chosen: str | None) -> None:
    """Print what one run found."""
    from orchestrator.show.run import run_answer

    with opened_results(chosen, edge=edge) as results:
        found = results.client.run(run_id)
    print_answer(run_answer(found), form=form, edge=edge)


@report.command()
@click.argument("before", metavar="A")
@click.argument("after", metavar="B")
@click.option(
    "--fail-if",
    metavar="LIMIT",
    multiple=True,
    help="Exit with 4 where p50 grew more, beyond doubt: 'region>10%', 'server>5ms', 'path>20%'.",
)
@by_format
@fleet_argument
@click.pass_obj
def diff(
    edge: Edge, /, before: str, after: str, fail_if: tuple[str, ...], form: str, **chosen: str | None
) -> None:
    """Print what changed from sweep A to sweep B.

    A sweep is named by its UUID, the beginning of it, `last`, or `last~1` for the one before.
    """
    from orchestrator.findings.limit import limit_of
    from orchestrator.show.diff import diff_answer

    limits = [limit_of(text) for text in dict.fromkeys(fail_if)]
    with opened_results(chosen, edge=edge) as results:
        sweeps = [sweep_of(results, text) for text in (before, after)]
        if sweeps[0] == sweeps[1]:
            raise ConfigurationError(
                f"A and B are the same sweep, {sweeps[0]}", next_step="orchestrate report diff last~1 last"
            )
        found = results.client.diff(before=sweeps[0], after=sweeps[1])
    print_answer(diff_answer(found), form=form, edge=edge)
    judge_limits(found, limits=limits, edge=edge)
