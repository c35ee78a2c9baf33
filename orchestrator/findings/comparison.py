"""Two sweeps compared, path by path (pure)."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from orchestrator.findings.median import Median, median_of

NOT_SENT = -3
KINDS = ("region", "path", "server")

Key = tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Probes:
    """The probes of a group: RTTs of the answered ones in µs, and how many had no answer in time."""

    rtts_us: list[int] = field(default_factory=list)
    lost: int = 0

    def joined(self, other: "Probes") -> "Probes":
        """Return the probes of both."""
        return Probes(rtts_us=self.rtts_us + other.rtts_us, lost=self.lost + other.lost)

    @property
    def n(self) -> int:
        """How many probes were sent."""
        return len(self.rtts_us) + self.lost

    @property
    def loss_ratio(self) -> float | None:
        """The share without an answer in time, None where nothing was sent."""
        return self.lost / self.n if self.n else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """How a region, a path or a server changed from sweep A to sweep B.

    The bounds of the change are those of both medians at their worst, so the interval is rather too
    wide than too narrow. They are None, as the change is, where one of the medians is.
    """

    kind: str
    name: str
    before: Probes
    after: Probes
    before_p50: Median | None
    after_p50: Median | None

    @property
    def ratio(self) -> float | None:
        """The relative change of the p50, None where it has no number."""
        if self.before_p50 is None or self.after_p50 is None:
            return None
        return _ratio(self.after_p50.p50_us, self.before_p50.p50_us)

    @property
    def difference_us(self) -> float | None:
        """The change of the p50 in µs, None where it has no number."""
        if self.before_p50 is None or self.after_p50 is None:
            return None
        return _finite(_minus(self.after_p50.p50_us, self.before_p50.p50_us))

    @property
    def least_ratio(self) -> float | None:
        """The lower bound of the relative change; infinite where B's interval is lost altogether."""
        if self.before_p50 is None or self.after_p50 is None:
            return None
        if math.isinf(self.before_p50.high_us) or self.before_p50.high_us <= 0:
            return None
        return self.after_p50.low_us / self.before_p50.high_us - 1

    @property
    def most_ratio(self) -> float | None:
        """The upper bound of the relative change."""
        if self.before_p50 is None or self.after_p50 is None:
            return None
        return _ratio(self.after_p50.high_us, self.before_p50.low_us)

    @property
    def least_difference_us(self) -> float | None:
        """The lower bound of the change in µs; infinite where B's interval is lost altogether."""
        if self.before_p50 is None or self.after_p50 is None or math.isinf(self.before_p50.high_us):
            return None
        return self.after_p50.low_us - self.before_p50.high_us


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """All changes, the worst first within each kind; and the paths that only one sweep has."""

    changes: tuple[Change, ...]
    only_before: tuple[str, ...]
    only_after: tuple[str, ...]

    def of(self, kind: str) -> tuple[Change, ...]:
        """Return the changes of one kind."""
        return tuple(change for change in self.changes if change.kind == kind)


def probes_by_path(results: Iterable[Mapping[str, Any]], *, untrusted: set[str]) -> dict[Key, Probes]:
    """Return the probes of each (tester, server, address), without those of untrusted runs."""
    found: dict[Key, Probes] = {}
    for result in results:
        if result["run_id"] in untrusted or result.get("address") is None:
            continue
        key = (result["tester"], result["server"], result["address"])
        sent = [rtt for rtt in result.get("rtt_us") or [] if rtt != NOT_SENT]
        answered = [rtt for rtt in sent if rtt >= 0]
        probes = Probes(rtts_us=answered, lost=len(sent) - len(answered))
        found[key] = found[key].joined(probes) if key in found else probes
    return found


def compared(
    before: Mapping[Key, Probes], after: Mapping[Key, Probes], *, region_of: Mapping[str, str]
) -> Comparison:
    """Return how the paths that both sweeps have changed; another address is another path."""
    both = sorted(before.keys() & after.keys())
    groupings: tuple[tuple[str, Callable[[Key], str]], ...] = (
        ("region", lambda key: region_of.get(key[0], key[0])),
        ("path", lambda key: f"{key[0]} → {key[1]} {key[2]}"),
        ("server", lambda key: key[1]),
    )
    changes: list[Change] = []
    for kind, name_of in groupings:
        groups: dict[str, list[Key]] = {}
        for key in both:
            groups.setdefault(name_of(key), []).append(key)
        found = [_change(kind, name, before, after, keys) for name, keys in groups.items()]
        changes += sorted(found, key=_badness, reverse=True)
    return Comparison(
        changes=tuple(changes),
        only_before=tuple(_path(key) for key in sorted(before.keys() - after.keys())),
        only_after=tuple(_path(key) for key in sorted(after.keys() - before.keys())),
    )


def _change(
    kind: str, name: str, before: Mapping[Key, Probes], after: Mapping[Key, Probes], keys: list[Key]
) -> Change:
    old, new = _pooled(before, keys), _pooled(after, keys)
    return Change(
        kind=kind,
        name=name,
        before=old,
        after=new,
        before_p50=median_of(old.rtts_us, lost=old.lost),
        after_p50=median_of(new.rtts_us, lost=new.lost),
    )


def _pooled(probes: Mapping[Key, Probes], keys: list[Key]) -> Probes:
    rtts_us = [rtt for key in keys for rtt in probes[key].rtts_us]
    return Probes(rtts_us=rtts_us, lost=sum(probes[key].lost for key in keys))


def _badness(change: Change) -> tuple[float, float]:
    newly_lost = (
        change.after_p50 is not None
        and math.isinf(change.after_p50.p50_us)
        and (change.before_p50 is None or not math.isinf(change.before_p50.p50_us))
    )
    ratio = math.inf if newly_lost else change.ratio
    loss = (change.after.loss_ratio or 0.0) - (change.before.loss_ratio or 0.0)
    return (-math.inf if ratio is None else ratio, loss)


def _ratio(new: float, old: float) -> float | None:
    return None if math.isinf(new) or math.isinf(old) or old <= 0 else new / old - 1


def _minus(new: float, old: float) -> float:
    return math.nan if math.isinf(old) else new - old


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _path(key: Key) -> str:
    return f"{key[0]} → {key[1]} {key[2]}"
