"""Regions against their own usual, and paths that stand out where their region does not (pure)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from collector.dashboard.matrix_table import is_losing
from collector.verdicts.thresholds import Thresholds
from collector.verdicts.verdict import Word

LEAST, MOST = -0.10, 0.15
"""What the scale of changes shows at least."""

FARTHEST = 2.0
"""A change beyond it stands at the edge: it must not press all others together."""

MOST_SINGLES = 12
TICKS = (0.1, 0.2, 0.5, 1.0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Scale:
    """A scale of changes; places are shares of its width, from 0 to 100."""

    low: float
    high: float

    def at(self, ratio: float) -> float:
        """Return where a change stands."""
        share = (min(max(ratio, self.low), self.high) - self.low) / (self.high - self.low)
        return round(2.0 + 96.0 * share, 2)

    @property
    def ticks(self) -> list[float]:
        """Return the changes that are named: nought, and some on either side."""
        step = next(tick for tick in TICKS if (self.high - self.low) / tick <= 4.0 or tick == TICKS[-1])
        first, last = round(self.low / step), round(self.high / step)
        return [
            round(number * step, 3)
            for number in range(first, last + 1)
            if self.low <= number * step <= self.high
        ]


def scale_of(rows: Sequence[Mapping[str, Any]]) -> Scale:
    """Return a scale that holds all intervals."""
    known = [row[name] for row in rows for name in ("change_low", "change_high", "change_ratio")]
    ends = [min(max(value, -1.0), FARTHEST) for value in known if value is not None]
    return Scale(low=min([LEAST, *ends]), high=max([MOST, *ends]))


def by_change(
    rows: Sequence[Mapping[str, Any]], names: Mapping[str, str], scale: Scale, thresholds: Thresholds
) -> list[dict[str, Any]]:
    """Return regions, the most slowed first, each with where its interval stands; then those without."""
    ordered = sorted(
        rows, key=lambda row: (row["change_ratio"] is None, -(row["change_ratio"] or 0.0), row["label"])
    )
    return [
        {
            "name": names.get(row["key"], row["label"]),
            "region": row["key"],
            "interval": interval(row, scale, thresholds),
            **row,
        }
        for row in ordered
    ]


def interval(row: Mapping[str, Any], scale: Scale, thresholds: Thresholds) -> dict[str, Any] | None:
    """Return an interval as places on a scale; open where a bound is not known."""
    if row["change_ratio"] is None:
        return None
    low, high = row["change_low"], row["change_high"]
    return {
        "dot": scale.at(row["change_ratio"]),
        "low": None if low is None else scale.at(low),
        "high": scale.at(scale.high if high is None else high),
        "zero": scale.at(0.0),
        "slow": scale.at(thresholds.slow_ratio),
    }


def single_paths(
    body: Mapping[str, Any],
    regions: Mapping[str, Mapping[str, Any]],
    servers: Mapping[str, Mapping[str, Any]],
    thresholds: Thresholds,
) -> list[dict[str, Any]]:
    """Return paths that are slower, lose packets or answer nothing, of what is otherwise fine.

    Of a region or a server that is bad itself all paths would be told, and no other found among them.
    """
    found = []
    bad = {server_id for server_id, verdict in servers.items() if _is_bad(verdict)}
    for head, cells in zip(body["testers"], body["cells"], strict=True):
        region = regions.get(head["region"])
        if region is not None and _is_bad(region):
            continue
        for server, cell in zip(body["servers"], cells, strict=True):
            if cell is None or server["server_id"] is None or server["server_id"] in bad:
                continue
            if cell.get("slower") or is_losing(cell, thresholds):
                found.append({"tester": head, "server": server, "cell": cell})
    return sorted(found, key=_badness, reverse=True)[:MOST_SINGLES]


def _is_bad(verdict: Mapping[str, Any]) -> bool:
    return bool(verdict["slow"]) or verdict["verdict"] in (Word.LOSSY, Word.LOST)


def _badness(one: Mapping[str, Any]) -> tuple[float, float]:
    cell = one["cell"]
    return cell["loss_low"] or 0.0, cell.get("change_ratio") or 0.0
