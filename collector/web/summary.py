"""How counts of runs and sweeps look in answers."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from collector.tables import ResultState, RunState

MOST_MISSING = 100
"""Things that are missing which an answer lists."""


def results_dict(counted: Iterable[Any]) -> dict[str, Any]:
    """Return results by state, and their probes; `late` is null where an engine could not tell."""
    states: dict[str, int] = dict.fromkeys(ResultState, 0)
    totals: Counter[str] = Counter()
    for state, trusted, results, planned, sent, answered, late, late_unknown in counted:
        states[state] += results
        totals["stored"] += results
        totals["untrusted"] += results if trusted is False else 0
        for name, value in (("planned", planned), ("sent", sent), ("answered", answered), ("late", late)):
            totals[f"probes.{name}"] += int(value)
        totals["late_unknown"] += int(late_unknown)
    sent, answered = totals["probes.sent"], totals["probes.answered"]
    return {
        "results": {"stored": totals["stored"], "untrusted": totals["untrusted"], "states": states},
        "probes": {
            "planned": totals["probes.planned"],
            "sent": sent,
            "answered": answered,
            "lost": sent - answered,
            "late": None if totals["late_unknown"] else totals["probes.late"],
            "loss_ratio": (sent - answered) / sent if sent else None,
        },
    }


def worst_dict(row: Any) -> dict[str, Any]:
    """Return one of a run's worst results."""
    return {
        "server_id": str(row.uuid),
        "server": row.name,
        "address": row.ip_addr,
        "state": row.state,
        "loss_ratio": (row.sent - row.answered) / row.sent if row.sent else None,
        "min_us": row.min_us,
        "p50_us": row.p50_us,
        "max_us": row.max_us,
    }


def runs_dict(made: Sequence[Any], *, spec: Any) -> dict[str, Any]:
    """Return the runs of a sweep by what became of them; `planned` is null for a sweep without end."""
    states = Counter(run.state for run in made)
    return {
        "planned": _planned(made, spec=spec),
        "announced": len(made),
        "reported": states[RunState.COMPLETE] + states[RunState.TRUNCATED],
        "untrusted": sum(run.trusted is False for run in made),
        "states": {state: states[state] for state in RunState},
    }


def missing_of(made: Sequence[Any], *, spec: Any, is_finished: bool) -> list[dict[str, Any]]:
    """Return what a sweep lacks, with the reason: runs, results of runs, and runs without a part."""
    by_tester: dict[str, list[Any]] = defaultdict(list)
    for run in made:
        by_tester[run.tester].append(run)
    found: list[dict[str, Any]] = [
        {"tester": name, "index": None, "run_id": None, "what": "all runs", "reason": "no run was announced"}
        for name in sorted(_named(spec) - by_tester.keys())
    ]
    for name, of_tester in by_tester.items():
        found += [_missing(run, what, reason) for run in of_tester for what, reason in _lacks(run)]
        of = of_tester[-1].of or _repeat(spec)
        known = {run.index for run in of_tester}
        why = "no run was announced" if is_finished else "not announced yet"
        found += [
            {"tester": name, "index": index, "run_id": None, "what": "run", "reason": why}
            for index in range(min(of or 0, MOST_MISSING + len(known)))
            if index not in known
        ]
    return found


def _lacks(run: Any) -> Iterable[tuple[str, str]]:
    if run.state == RunState.ANNOUNCED:
        yield "report", "announced, no report yet"
    elif run.state == RunState.ABANDONED:
        yield "report", run.reason or "abandoned"
    elif run.state == RunState.TRUNCATED:
        yield f"{max((run.planned or 0) - run.stored, 0)} results", run.reason or "the run ended early"
    if run.trusted is False:
        yield "trust", run.reason or "not trusted"


def _missing(run: Any, what: str, reason: str) -> dict[str, Any]:
    return {
        "tester": run.tester,
        "index": run.index,
        "run_id": str(run.run_id),
        "what": what,
        "reason": reason,
    }


def _planned(made: Sequence[Any], *, spec: Any) -> int | None:
    """Return how many runs a sweep was to have: as its testers said, else as its specification does."""
    each = _repeat(spec)
    told: dict[str, int | None] = dict.fromkeys(_named(spec), each)
    told |= {run.tester: run.of or each for run in made}
    counts = [count for count in told.values() if count is not None]
    return sum(counts) if counts and len(counts) == len(told) else None


def _repeat(spec: Any) -> int | None:
    repeat = spec.get("repeat") if isinstance(spec, dict) else None
    return repeat if isinstance(repeat, int) and not isinstance(repeat, bool) else None


def _named(spec: Any) -> set[str]:
    listed = spec.get("testers") if isinstance(spec, dict) else None
    return {name for name in listed if isinstance(name, str)} if isinstance(listed, list) else set()
