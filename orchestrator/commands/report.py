"""`orchestrate report`: questions to the collector, answered as tables or as data."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

import click

from orchestrator.commands.choose_fleet import Asked, fleet_argument
from orchestrator.commands.choose_window import since_of, sweep_of, sweep_or_none
from orchestrator.errors import ConfigurationError, Finding
from orchestrator.settings import Edge

if TYPE_CHECKING:
    from orchestrator.commands.open_results import Results

DATA = ("json", "csv")
TREND_ROUNDS = 12
MOST_VERDICTS = 2_000
"""Of verdicts that a trend is drawn of: one more request each thousand."""

FORMATS = ("table", "json", "csv", "markdown", "html")
MOST_LISTED = 5
NO_FLEET_NAMED = "fleet_needed"

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
    _check_baseline(by, start=start, sweep=sweep, now=edge.clock())
    with _opened(chosen, edge=edge) as results:
        sweep_id = sweep_or_none(results, sweep)
        found = results.client.slow(fleet=results.fleet, sweep_id=sweep_id, since=start, by=by)
        trends = _trends(results, found) if form not in DATA else {}
    _print(slow_answer(found, trends=trends), form=form, edge=edge)
    _judge(found, kinds=fail_on, strict=strict, edge=edge)


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
    _check_baseline(by, start=start, sweep=sweep, now=edge.clock())
    with _opened(chosen, edge=edge) as results:
        sweep_id = sweep_or_none(results, sweep)
        found = results.client.matrix(fleet=results.fleet, sweep_id=sweep_id, since=start)
        if by in OF_RANKING:
            ranking = results.client.slow(fleet=results.fleet, sweep_id=sweep_id, since=start, by=by)
            found = with_ranking(found, ranking, by=by)
    _print(matrix_answer(found, by=by or "p50"), form=form, edge=edge)


@report.command()
@click.argument("tester")
@click.argument("server")
@click.option("--address", metavar="IP", help="One of the server's addresses.")
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
    since: str | None,
    form: str,
    **chosen: str | None,
) -> None:
    """Print the history from TESTER to SERVER."""
    from orchestrator.show.path import path_answer
    from orchestrator.show.trace import newest_trace

    start = since_of(since, now=edge.clock())
    with _opened(chosen, edge=edge) as results:
        found = results.client.path(
            tester=tester, server=server, fleet=results.fleet, address=address, since=start
        )
        newest = results.client.results(
            tester=tester, server=server, fleet=results.fleet, since=start, limit=TRACED_RESULTS
        )
        traced = newest_trace([each for each in newest if address in (None, each["address"])])
    _print(path_answer(found, traced=traced), form=form, edge=edge)


@report.command()
@click.argument("run_id", type=click.UUID)
@by_format
@fleet_argument
@click.pass_obj
def run(edge: Edge, /, run_id: UUID, form: str, **chosen: str | None) -> None:
    """Print what one run found."""
    from orchestrator.show.run import run_answer

    with _opened(chosen, edge=edge) as results:
        found = results.client.run(run_id)
    _print(run_answer(found), form=form, edge=edge)


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
    from orchestrator.findings.limit import exceeded, limit_of, undecided
    from orchestrator.show.diff import diff_answer
    from orchestrator.show.escapes import shown

    limits = [limit_of(text) for text in dict.fromkeys(fail_if)]
    with _opened(chosen, edge=edge) as results:
        sweeps = [sweep_of(results, text) for text in (before, after)]
        if sweeps[0] == sweeps[1]:
            raise ConfigurationError(
                f"A and B are the same sweep, {sweeps[0]}", next_step="orchestrate report diff last~1 last"
            )
        found = results.client.diff(before=sweeps[0], after=sweeps[1])
    _print(diff_answer(found), form=form, edge=edge)
    sentences: list[str] = []
    for limit in limits:
        if unknown := undecided(found, limit):
            _say(edge, f"--fail-if {limit}: too few probes to judge {', '.join(_first(unknown))}")
        elif not found["paths"]:
            _say(edge, f"--fail-if {limit}: nothing could be compared")
        sentences += _first(exceeded(found, limit))
    if sentences:
        raise Finding(shown("; ".join(sentences)))


@contextmanager
def _opened(chosen: dict[str, str | None], *, edge: Edge) -> Iterator["Results"]:
    """Open the results that are meant; where it is not clear of which fleet, say how to say it."""
    from orchestrator.collector_client import CollectorRefused
    from orchestrator.commands.open_results import open_results

    try:
        with open_results(_asked(chosen), edge=edge) as results:
            yield results
    except CollectorRefused as error:
        if error.code != NO_FLEET_NAMED:
            raise
        hint = str(error.hint or "").replace("fleet=,", "--fleet,")
        raise ConfigurationError(error.message, next_step=hint or "add --fleet NAME") from None


def _check_baseline(by: str | None, *, start: datetime | None, sweep: str | None, now: datetime) -> None:
    if by == "baseline" and sweep is None and start is not None and now - start > timedelta(days=1):
        raise ConfigurationError(
            "--by baseline is of a sweep, or of a day at most", next_step="--sweep last, or --since 24h"
        )


def _trends(results: "Results", found: dict[str, Any]) -> dict[str, list[float | None]]:
    """Return the change of each region over its baseline in the last rounds, the newest last."""
    judged = found.get("verdict_round")
    if judged is None:
        return {}
    until = datetime.fromisoformat(judged["at"]) + timedelta(microseconds=1)
    limit = min(TREND_ROUNDS * len(found["regions"]), MOST_VERDICTS)
    trends: dict[str, list[float | None]] = {}
    for verdict in results.client.verdicts(fleet=results.fleet, scope="region", until=until, limit=limit):
        trends.setdefault(verdict["key"], []).insert(0, verdict["change_ratio"])
    return trends


def _asked(chosen: dict[str, str | None]) -> Asked:
    return Asked(
        fleet=chosen["fleet"],
        source=chosen["source"],
        name=chosen["fleet_name"],
        profile=chosen["profile"],
    )


def _print(answer: Any, *, form: str, edge: Edge) -> None:
    from orchestrator.show.answers import rendered

    color = edge.settings.color and edge.stdout.isatty()
    edge.stdout.write(rendered(answer, form=form, width=shutil.get_terminal_size().columns, color=color))


def _first(texts: Sequence[str]) -> list[str]:
    """Return the first of many texts, and how many there are besides."""
    more = len(texts) - MOST_LISTED
    return [*texts[:MOST_LISTED], *([f"and {more} more"] if more > 0 else [])]


def _say(edge: Edge, text: str) -> None:
    from orchestrator.show.escapes import shown

    edge.stderr.write(shown(text) + "\n")


def _judge(found: dict[str, Any], *, kinds: tuple[str, ...], strict: bool, edge: Edge) -> None:
    """Raise `Finding` for what was asked for; say what could not be judged."""
    from orchestrator.findings.fail_on import judged
    from orchestrator.show.escapes import shown

    sentences: list[str] = []
    for kind in dict.fromkeys(kinds):
        judgement = judged(found, kind=kind)
        sentences += judgement.found
        if judgement.missing is not None:
            _say(edge, f"--fail-on {kind}: insufficient, {judgement.missing}")
            if strict:
                sentences.append(f"--strict: {kind} cannot be judged")
    if sentences:
        raise Finding(shown("; ".join(sentences)))
