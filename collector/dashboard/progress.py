"""How far the testers of a sweep are, from its runs (pure)."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from collector.dashboard.formats import plural, when

Run = Mapping[str, Any]

MARKS = 24
"""Runs of a tester that are shown as marks, the last ones; the numbers count all."""

REPORTED = ("complete", "truncated")
WORDS = {"announced": "running", "complete": "complete", "truncated": "ended early", "abandoned": "given up"}
NOT_TRUSTED = "not trusted"
GOING_ON = ("running", "waiting")


@dataclass(frozen=True, kw_only=True, slots=True)
class Mark:
    """One run as a small square: the word for it, and all that is known of it."""

    word: str
    sentence: str
    run_id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """How far a tester has come in a sweep; `of` is None for one without end. Runs are in order."""

    tester: str
    runs: Sequence[Run]
    of: int | None

    @property
    def done(self) -> int:
        """Return how many of its runs have a report."""
        return sum(run["state"] in REPORTED for run in self.runs)

    @property
    def stored(self) -> int:
        """Return how many results of it are stored."""
        return sum(run["stored"] for run in self.runs)

    @property
    def planned(self) -> int | None:
        """Return how many results its runs were to have, None where one has not said so."""
        counts = [run["planned"] for run in self.runs]
        return None if None in counts else sum(counts)

    @property
    def word(self) -> str:
        """Return what it is at."""
        words = {word_of(run) for run in self.runs}
        if "running" in words:
            return "running"
        if self.of is not None and len(self.runs) < self.of:
            return "waiting"
        worst = (word for word in ("given up", NOT_TRUSTED, "ended early", "complete") if word in words)
        return next(worst, "waiting")

    @property
    def reason(self) -> str | None:
        """Return the last reason against one of its runs."""
        reasons = [run["reason"] for run in self.runs if run["reason"]]
        return str(reasons[-1]) if reasons else None

    @property
    def marks(self) -> list[Mark]:
        """Return its last runs."""
        return [
            Mark(word=word_of(run), sentence=sentence_of(run), run_id=run["run_id"])
            for run in self.runs[-MARKS:]
        ]


def progress_of(runs: Sequence[Run], *, spec: object) -> list[Progress]:
    """Return the progress of each tester that a sweep names or has runs of, by name."""
    known = spec if isinstance(spec, dict) else {}
    named, repeat = known.get("testers"), known.get("repeat")
    of_tester: dict[str, list[Run]] = defaultdict(list)
    for name in named if isinstance(named, list) else ():
        if isinstance(name, str):
            of_tester[name] = []
    for run in sorted(runs, key=lambda run: (run["index"], run["announced_at"])):
        of_tester[run["tester"]].append(run)
    each = repeat if isinstance(repeat, int) and not isinstance(repeat, bool) else None
    return [
        Progress(tester=name, runs=made, of=next((run["of"] for run in reversed(made) if run["of"]), each))
        for name, made in sorted(of_tester.items())
    ]


def word_of(run: Run) -> str:
    """Return what became of a run: whether it can be trusted outranks how it ended."""
    return NOT_TRUSTED if run["trusted"] is False else WORDS.get(run["state"], str(run["state"]))


def sentence_of(run: Run) -> str:
    """Return all that a small square says to those who cannot see its colour."""
    of = f" of {run['of']}" if run["of"] else ""
    planned = "" if run["planned"] is None else f" of {run['planned']}"
    at = when(run["started_at"] or run["announced_at"])
    why = f": {run['reason']}" if run["reason"] else ""
    return f"run {run['index'] + 1}{of}, {at}, {run['stored']}{planned} results, {word_of(run)}{why}"


def runs_sentence(counts: Mapping[str, Any]) -> str:
    """Return the counts of a sweep's runs in a few words."""
    states = counts["states"]
    planned = "" if counts["planned"] is None else f" of {counts['planned']}"
    parts = [f"{counts['reported']}{planned} runs reported"]
    for state in ("announced", "truncated", "abandoned"):
        if states[state]:
            parts.append(f"{states[state]} {WORDS[state]}")
    if counts["untrusted"]:
        parts.append(f"{counts['untrusted']} {NOT_TRUSTED}")
    return ", ".join(parts)


def sweep_headline(summary: Mapping[str, Any], progress: Sequence[Progress], *, goes_on: bool) -> str:
    """Return what there is to say of a sweep, in a sentence."""
    if goes_on:
        done = sum(one.word not in GOING_ON for one in progress)
        return f"This sweep is running: {done} of {plural(len(progress), 'tester')} done"
    counts = summary["runs"]
    outcome = summary["outcome"]
    said = {
        None: "This sweep has no outcome yet",
        "skipped": "This sweep was skipped",
        "failed": "This sweep failed",
        "interrupted": "This sweep was interrupted",
    }.get(outcome, "This sweep is complete")
    if outcome == "partial":
        said = "This sweep is partial"
    if not counts["announced"]:
        return f"{said}: no run was announced"
    return f"{said}: {runs_sentence(counts)}"
