"""When something is bad, when it is good again, and when somebody is told (pure)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from collector.alerts.rules import Finding, Rule


class Seen(StrEnum):
    """What a round says of a thing; `unsure` is neither: what is bad does not end by it."""

    BAD = "B"
    GOOD = "G"
    UNSURE = "U"


class Change(StrEnum):
    """What somebody is told."""

    BAD = "bad"
    RECOVERED = "recovered"


@dataclass(frozen=True, kw_only=True, slots=True)
class Observation:
    """What an occasion says of one thing; `names` are those that a rule may choose it by."""

    finding: Finding
    scope: str
    key: str
    label: str
    seen: Seen
    sentence: str
    names: tuple[str | None, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class StateKey:
    """Whose state."""

    rule: str
    finding: Finding
    scope: str
    key: str


@dataclass(frozen=True, kw_only=True, slots=True)
class State:
    """What a rule has seen of a thing; `open` says that it holds it to be bad, `since` since when."""

    at: datetime
    history: str = ""
    open: bool = False
    since: datetime | None = None
    sentence: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """One change of one thing."""

    change: Change
    since: datetime
    observation: Observation


@dataclass(frozen=True, kw_only=True, slots=True)
class Decided:
    """What an occasion comes to: new states, and what each rule tells."""

    states: dict[StateKey, State]
    told: dict[str, list[Told]]


def step(
    before: State | None, observation: Observation, *, at: datetime, needed: int, of: int
) -> tuple[State, Change | None]:
    """Return the state after an observation, and what has changed by it.

    Bad when `needed` of the last `of` observations are; good again when fewer are, and the newest is good.
    """
    last = before or State(at=at)
    history = (last.history + observation.seen)[-of:]
    bad = history.count(Seen.BAD)
    change = None
    if not last.open and bad >= needed:
        change = Change.BAD
    elif last.open and bad < needed and observation.seen is Seen.GOOD:
        change = Change.RECOVERED
    is_open = change is Change.BAD or (last.open and change is None)
    since = at if change is Change.BAD else last.since
    after = State(at=at, history=history, open=is_open, since=since, sentence=observation.sentence)
    return after, change


def decide(
    rules: Iterable[Rule],
    *,
    fleet: str,
    at: datetime,
    observations: Iterable[Observation],
    states: Mapping[StateKey, State],
    departed: Mapping[StateKey, str],
) -> Decided:
    """Return what the observations of one occasion come to.

    `departed` is what is open and belongs to the fleet no more, with what it is called: it ends, unless
    the occasion still speaks of it. What is already known of a later time stays as it is: an occasion
    that comes late changes nothing.
    """
    seen = list(observations)
    found = Decided(states={}, told={})
    for rule in rules:
        if not rule.looks_at(fleet):
            continue
        for one in seen:
            if one.finding not in rule.findings or not rule.is_about(scope=one.scope, names=one.names):
                continue
            key = StateKey(rule=rule.name, finding=one.finding, scope=one.scope, key=one.key)
            before = states.get(key)
            if before is not None and before.at > at:
                continue
            after, change = step(before, one, at=at, needed=rule.needed, of=rule.of)
            found.states[key] = after
            if (change is Change.BAD and rule.tells_bad) or (
                change is Change.RECOVERED and rule.tells_recovered
            ):
                since = after.since or at
                found.told.setdefault(rule.name, []).append(Told(change=change, since=since, observation=one))
        for key, name in departed.items():
            before = states[key]
            if key.rule != rule.name or key in found.states or before.at > at:
                continue
            one = _leave_of(key, name)
            found.states[key] = replace(before, at=at, history="", open=False, sentence=one.sentence)
            if rule.tells_recovered:
                told = Told(change=Change.RECOVERED, since=before.since or at, observation=one)
                found.told.setdefault(rule.name, []).append(told)
    return found


def _leave_of(key: StateKey, name: str) -> Observation:
    return Observation(
        finding=key.finding,
        scope=key.scope,
        key=key.key,
        label=name,
        seen=Seen.GOOD,
        sentence=f"{name} is no part of the fleet any more",
        names=(),
    )
