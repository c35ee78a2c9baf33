"""The finding of a round in one sentence (pure): what its stored verdicts say, and nothing else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from collector.dashboard.formats import first_of
from collector.verdicts.verdict import Scope, Word

SLOWER, LOST, LOSSY = "got slower", "loses everything", "loses packets"
NAMED = 3
"""So many are named in a headline."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """What a stored verdict says: of what, and which word."""

    scope: str
    key: str
    name: str
    word: str
    slow: bool = False
    lossy: bool = False
    label: str = ""


def headline(said: Sequence[Said]) -> str:
    """Return the sentence of a round, the worst first."""
    if not said:
        return "Not judged yet"
    of = _by_scope(said)
    parts = [*_troubles(of), *_paths(of)]
    if not parts:
        parts = [_calm(of)]
    first, *others = parts
    return "; ".join([first, *others[:2]])


def _by_scope(said: Sequence[Said]) -> Mapping[str, list[Said]]:
    found: dict[str, list[Said]] = {scope.value: [] for scope in Scope}
    for one in said:
        found[one.scope].append(one)
    return found


def _troubles(of: Mapping[str, list[Said]]) -> list[str]:
    found = []
    if any(one.slow for one in of[Scope.FLEET]):
        found.append("All paths are slower than usual")
    for verb in (SLOWER, LOST, LOSSY):
        for noun, scope in (("region", Scope.REGION), ("server", Scope.SERVER)):
            names = sorted({one.name for one in of[scope] if verb in _said_of(one)})
            if names:
                found.append(_counted(noun, names, verb))
    return found


def _paths(of: Mapping[str, list[Said]]) -> list[str]:
    """Return what is said of single paths, which are judged where their region is not."""
    found = []
    for verb in (SLOWER, LOST, LOSSY):
        names = sorted(one.label for one in of[Scope.PATH] if verb in _said_of(one))
        if names:
            found.append(_counted("path", names, verb))
    return found


def _said_of(one: Said) -> set[str]:
    """Return what a headline says of a thing: a region that loses packets may be slow as well."""
    loses = LOST if one.word == Word.LOST else LOSSY if one.lossy else None
    return {verb for verb in (SLOWER if one.slow else None, loses) if verb is not None}


def _calm(of: Mapping[str, list[Said]]) -> str:
    regions = of[Scope.REGION]
    judged = [one for one in regions if one.word in (Word.OK, Word.WATCH, Word.RECOVERED)]
    judged_paths = [one for one in of[Scope.PATH] if one.word in (Word.OK, Word.WATCH, Word.RECOVERED)]
    watched = sorted({one.name for one in judged if one.word == Word.WATCH})
    recovered = sorted({one.name for one in judged if one.word == Word.RECOVERED})
    if watched:
        return f"No region is slow; watched: {_names(watched)}"
    if recovered:
        return f"No region is slow; recovered: {_names(recovered)}"
    if judged:
        return "No region is slower than usual"
    if judged_paths:
        return "No path is slower than usual"
    words = {one.word for one in regions}
    if words == {Word.UNTRUSTED}:
        return "Nothing to go by: no run can be trusted"
    if Word.NO_BASELINE in words:
        return "Too early to say: there is no past yet to be held against"
    if Word.MOVED in words:
        return "Too early to say: addresses have changed"
    return "Too little was measured to judge a region"


def _counted(noun: str, names: Sequence[str], verb: str) -> str:
    if len(names) == 1:
        return f"One {noun} {verb}: {names[0]}"
    plural = verb.replace("loses", "lose")
    return f"{len(names)} {noun}s {plural}: {_names(names)}"


def _names(names: Sequence[str]) -> str:
    if len(names) > NAMED:
        return first_of(names, most=NAMED)
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
