"""`orchestrate report`: questions to the collector, answered as tables or as data."""

import shutil
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

import click

from orchestrator.commands.choose_fleet import Asked, fleet_argument
from orchestrator.errors import ConfigurationError, Finding
from orchestrator.settings import Edge

FORMATS = ("table", "json", "csv", "markdown", "html")
NAMED_SWEEPS = ("newest", "previous")
LEAST_PREFIX = 4
SWEEPS_SEARCHED = 1_000

F = TypeVar("F", bound=Callable[..., Any])

by_format = click.option("--format", "form", type=click.Choice(FORMATS), default="table", show_default=True)
by_sweep = click.option(
    "--sweep", metavar="ID", help="A sweep: its UUID or the beginning of it, `newest` or `previous`."
)
by_since = click.option("--since", metavar="TIME", help="From then on: 24h, 7d, or 2026-11-20T12:00Z.")


@click.group()
def report() -> None:
    """Print slow regions, the matrix, a path, a run, or what changed."""


TRACED_RESULTS = 200
"""How far back a traceroute is looked for: they are made of few rows."""


@report.command()
@click.option("--by", type=click.Choice(["p50", "p95", "loss", "floor"]), help="Rank by this.")
@click.option(
    "--fail-on",
    type=click.Choice(["slow", "lossy", "structural"]),
    multiple=True,
    help="Exit with 4 where this is found.",
)
@click.option("--strict", is_flag=True, help="With --fail-on: exit with 4 also where nothing can be said.")
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
    sweep: str | None,
    form: str,
    **chosen: str | None,
) -> None:
    """Rank the regions, the slowest first."""
    from orchestrator.commands.open_results import open_results
    from orchestrator.show.slow import slow_answer

    with open_results(_asked(chosen), edge=edge) as results:
        sweep_id = _sweep_id(results.client, results.fleet, sweep)
        found = results.client.slow(fleet=results.fleet, sweep_id=sweep_id, by=by)
    _print(slow_answer(found), form=form, edge=edge)
    _judge(found, kinds=fail_on, strict=strict, edge=edge)


@report.command()
@by_since
@by_sweep
@by_format
@fleet_argument
@click.pass_obj
def matrix(edge: Edge, /, since: str | None, sweep: str | None, form: str, **chosen: str | None) -> None:
    """Print testers against servers: the p50 of each path."""
    from orchestrator.commands.open_results import open_results
    from orchestrator.show.matrix import matrix_answer

    start = _since(since, now=edge.clock())
    with open_results(_asked(chosen), edge=edge) as results:
        sweep_id = _sweep_id(results.client, results.fleet, sweep)
        found = results.client.matrix(fleet=results.fleet, sweep_id=sweep_id, since=start)
    _print(matrix_answer(found), form=form, edge=edge)


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
    from orchestrator.commands.open_results import open_results
    from orchestrator.show.path import path_answer
    from orchestrator.show.trace import newest_trace

    start = _since(since, now=edge.clock())
    with open_results(_asked(chosen), edge=edge) as results:
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
    from orchestrator.commands.open_results import open_results
    from orchestrator.show.run import run_answer

    with open_results(_asked(chosen), edge=edge) as results:
        found = results.client.run(run_id)
    _print(run_answer(found), form=form, edge=edge)


@report.command()
@click.argument("before", metavar="A")
@click.argument("after", metavar="B")
@click.option("--fail-if", metavar="LIMIT", help="Exit with 4 where p50 grew more: 'region>10%', 'path>5ms'.")
@by_format
@fleet_argument
@click.pass_obj
def diff(
    edge: Edge, /, before: str, after: str, fail_if: str | None, form: str, **chosen: str | None
) -> None:
    """Print what changed from sweep A to sweep B."""
    from orchestrator.commands.open_results import open_results
    from orchestrator.findings.comparison import compared, probes_by_path
    from orchestrator.findings.limit import exceeded, limit_of, undecided
    from orchestrator.show.diff import diff_answer

    limit = None if fail_if is None else limit_of(fail_if)
    with open_results(_asked(chosen), edge=edge) as results:
        client, sides, names = results.client, [], []
        for text in (before, after):
            sweep_id = _sweep_id(client, results.fleet, text)
            untrusted = {
                item["run_id"] for item in client.runs(sweep_id=sweep_id) if item["trusted"] is False
            }
            sides.append(probes_by_path(client.results(sweep_id=sweep_id), untrusted=untrusted))
            names.append(str(sweep_id))
        testers = client.testers(fleet=results.fleet, include_retired=True)
    regions = {tester["name"]: tester.get("location") or tester["name"] for tester in testers}
    comparison = compared(sides[0], sides[1], region_of=regions)
    _print(diff_answer(comparison, before=names[0], after=names[1]), form=form, edge=edge)
    if limit is None:
        return
    if unknown := undecided(comparison, limit):
        _say(edge, f"--fail-if: too few probes to judge {', '.join(unknown)}")
    if found := exceeded(comparison, limit):
        raise Finding("; ".join(found))


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


def _since(text: str | None, *, now: datetime) -> datetime | None:
    if text is None:
        return None
    from orchestrator.fleet.quantities import seconds_of

    try:
        return now - timedelta(seconds=seconds_of(text))
    except (ValueError, OverflowError):
        pass
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        time = None
    if time is None or time.tzinfo is None:
        raise ConfigurationError(
            f"--since {text!r} is not a time",
            next_step="write 24h, 7d, or a time with its zone: 2026-11-20T12:00Z",
        )
    return time


def _sweep_id(client: Any, fleet: UUID | str | None, text: str | None) -> UUID | None:
    if text is None:
        return None
    try:
        return UUID(text)
    except ValueError:
        pass
    if text in NAMED_SWEEPS:
        newest = list(client.sweeps(fleet=fleet, limit=2))
        if len(newest) > NAMED_SWEEPS.index(text):
            return UUID(newest[NAMED_SWEEPS.index(text)]["sweep_id"])
        raise ConfigurationError(f"the fleet has no {text} sweep", next_step="orchestrate sweep")
    sweeps = client.sweeps(fleet=fleet, limit=SWEEPS_SEARCHED) if len(text) >= LEAST_PREFIX else ()
    alike = [sweep["sweep_id"] for sweep in sweeps if sweep["sweep_id"].startswith(text.lower())]
    if len(alike) == 1:
        return UUID(alike[0])
    raise ConfigurationError(
        f"{text!r} is " + ("the beginning of several sweeps' ids" if alike else "no sweep of this fleet"),
        next_step="give a sweep's UUID, `newest` or `previous`",
    )
