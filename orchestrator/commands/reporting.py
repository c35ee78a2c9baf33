"""What reports have in common: whose results they are, how they are printed, what is worth an exit code."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from orchestrator.commands.choose_fleet import Asked
from orchestrator.errors import ConfigurationError, Finding
from orchestrator.settings import Edge

if TYPE_CHECKING:
    from orchestrator.commands.open_results import Results
    from orchestrator.findings.limit import Limit

TREND_ROUNDS = 12
MOST_VERDICTS = 2_000
"""Of verdicts that a trend is drawn of: one more request each thousand."""

MOST_LISTED = 5
NO_FLEET_NAMED = "fleet_needed"


@contextmanager
def opened_results(chosen: dict[str, str | None], *, edge: Edge) -> Iterator["Results"]:
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


def check_baseline(by: str | None, *, start: datetime | None, sweep: str | None, now: datetime) -> None:
    """Refuse what has no baseline: more than a day, which has all hours."""
    if by == "baseline" and sweep is None and start is not None and now - start > timedelta(days=1):
        raise ConfigurationError(
            "--by baseline is of a sweep, or of a day at most", next_step="--sweep last, or --since 24h"
        )


def trends_of(results: "Results", found: dict[str, Any]) -> dict[str, list[float | None]]:
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


def print_answer(answer: Any, *, form: str, edge: Edge) -> None:
    """Print a report in a form."""
    from orchestrator.show.answers import rendered

    color = edge.settings.color and edge.stdout.isatty()
    edge.stdout.write(rendered(answer, form=form, width=shutil.get_terminal_size().columns, color=color))


def first_of(texts: Sequence[str]) -> list[str]:
    """Return the first of many texts, and how many there are besides."""
    more = len(texts) - MOST_LISTED
    return [*texts[:MOST_LISTED], *([f"and {more} more"] if more > 0 else [])]


def say(edge: Edge, text: str) -> None:
    """Tell the person something beside the report."""
    from orchestrator.show.escapes import shown

    edge.stderr.write(shown(text) + "\n")


def judge(found: dict[str, Any], *, kinds: tuple[str, ...], strict: bool, edge: Edge) -> None:
    """Raise `Finding` for what was asked for; say what could not be judged."""
    from orchestrator.findings.fail_on import judged
    from orchestrator.show.escapes import shown

    sentences: list[str] = []
    for kind in dict.fromkeys(kinds):
        judgement = judged(found, kind=kind)
        sentences += judgement.found
        if judgement.missing is not None:
            say(edge, f"--fail-on {kind}: insufficient, {judgement.missing}")
            if strict:
                sentences.append(f"--strict: {kind} cannot be judged")
    if sentences:
        raise Finding(shown("; ".join(sentences)))


def judge_limits(found: dict[str, Any], *, limits: Sequence["Limit"], edge: Edge) -> None:
    """Raise `Finding` for what exceeds a limit; say what could not be judged."""
    from orchestrator.findings.limit import exceeded, undecided
    from orchestrator.show.escapes import shown

    sentences: list[str] = []
    for limit in limits:
        if unknown := undecided(found, limit):
            say(edge, f"--fail-if {limit}: too few probes to judge {', '.join(first_of(unknown))}")
        elif not found["paths"]:
            say(edge, f"--fail-if {limit}: nothing could be compared")
        sentences += first_of(exceeded(found, limit))
    if sentences:
        raise Finding(shown("; ".join(sentences)))
