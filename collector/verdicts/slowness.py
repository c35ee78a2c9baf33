"""The first form of "slow": a ranking by one figure, slowest first (pure)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median
from typing import TypeVar

from collector.history.figures import LOST_NOTE, Figure
from collector.verdicts.floor import BELOW_FLOOR, FloorFigure


class By(StrEnum):
    """What a ranking goes by."""

    P50 = "p50"
    P95 = "p95"
    LOSS = "loss"
    FLOOR = "floor"
    BASELINE = "baseline"


MEANINGS = {
    By.P50: "p50 (lost probes count as infinite)",
    By.P95: "p95 (lost probes count as infinite)",
    By.LOSS: "loss (lost and late probes over sent)",
    By.FLOOR: "best RTT over the distance floor (a region by the median of its paths)",
    By.BASELINE: "p50 against its usual at that hour (a region by the median of its paths)",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """What is ranked; `key` names it and settles ties. `usual` is the p50's growth over its baseline."""

    key: tuple[str, ...]
    figure: Figure
    floor: FloorFigure
    usual: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class PathEntry(Entry):
    """A path in its ranking; tester and server by the tables' numbers."""

    tester: int
    server: int


EntryT = TypeVar("EntryT", bound=Entry)


def default_by(paths: Sequence[Entry]) -> By:
    """Return `floor` where the floor of any path is known, else `p50`."""
    return By.FLOOR if any(path.floor.ratio is not None for path in paths) else By.P50


def slowest_first(entries: Sequence[EntryT], *, by: By) -> list[EntryT]:
    """Return the entries in the order of their ranks: lost ones lead, those without the figure end."""
    return sorted(entries, key=lambda entry: (-badness(entry, by=by), entry.key))


def badness(entry: Entry, *, by: By) -> float:
    """Return what an entry is ranked by: infinite where the figure is lost, −infinite where it is unknown."""
    figure = entry.figure
    if by is By.LOSS:
        return -math.inf if figure.loss_ratio is None else figure.loss_ratio
    if by is By.FLOOR:
        return -math.inf if entry.floor.ratio is None else entry.floor.ratio
    if by is By.BASELINE:
        return -math.inf if entry.usual is None else entry.usual
    number, note = (figure.p50_us, figure.p50_note) if by is By.P50 else (figure.p95_us, figure.p95_note)
    if number is not None:
        return float(number)
    return math.inf if note == LOST_NOTE else -math.inf


def region_floor(paths: Sequence[FloorFigure]) -> FloorFigure:
    """Return a region's floor figure: the median of its known ratios, flagged with any of its paths."""
    ratios = [path.ratio for path in paths if path.ratio is not None]
    return FloorFigure(
        ratio=median(ratios) if ratios else None,
        flag=BELOW_FLOOR if any(path.flag for path in paths) else None,
    )


def region_usual(paths: Sequence[Entry]) -> float | None:
    """Return a region's growth over its baseline: the median of its paths', lost ones infinite."""
    known = [path.usual for path in paths if path.usual is not None]
    return median(known) if known else None


def label(by: By, *, regions: int) -> str:
    """Return what a ranking goes by in words, and what it does not say."""
    if regions == 1:
        return f"{MEANINGS[by]} of the only region: there is none to compare it with"
    return f"ranked by {MEANINGS[by]}"
