"""What a pass over all addresses has found, put together from its lanes (pure)."""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from tester.engine.classify import Stamps, Verdicts, classify
from tester.engine.engine import Probed
from tester.engine.lanes import Lane
from tester.engine.pace import Pace
from wire.job import ProbePlan
from wire.report import NOT_SENT

SHIFTED_NS = 5_000_000
"""Send times are told where one differs from the plan by more."""
_Value = TypeVar("_Value")


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """A lane, how it was paced, and the numbers of the addresses that it probed."""

    lane: Lane
    pace: Pace
    rows: "array[int]"


def gather(
    parts: Sequence[Part],
    *,
    size: int,
    plan: ProbePlan,
    errors: dict[int, str],
    ahead_ns: int,
    cut_ns: int | None,
    dropped: int,
) -> Probed:
    """Return what became of `size` addresses; those in no part were not probed, for their error's reason.

    `ahead_ns` is the wall clock less the monotonic one, `cut_ns` the wall time of a stop.
    """
    unsettled = unstamped = 0
    whole = len(parts) == 1 and len(parts[0].rows) == size
    positions = array("q") if whole else array("q", [NOT_SENT]) * (size * plan.count)
    duplicate = [0] * size
    late, reordered = ([], []) if whole else ([0] * size, [0] * size)
    made = Probed(positions=positions, duplicate=duplicate, errors=errors)
    for part in parts:
        lane, rows = part.lane, part.rows
        stamps = Stamps(width=lane.width, count=plan.count, sent=lane.sent, answered=lane.answered)
        verdicts = classify(stamps, timeout_ns=round(plan.timeout_s * 1e9), cut_ns=cut_ns)
        unsettled += verdicts.unsettled
        unstamped += verdicts.unstamped
        if whole:
            # The usual case, and the largest: nothing is copied.
            positions, late, reordered = verdicts.positions, verdicts.late, verdicts.reordered
        else:
            _spread(verdicts, rows, into=positions, count=plan.count)
            for target, row in enumerate(rows):
                late[row], reordered[row] = verdicts.late[target], verdicts.reordered[target]
        for target, count in lane.findings.duplicate.items():
            duplicate[rows[target]] = count
        made.icmp_errors.update(_by_row(lane.findings.icmp_errors, rows))
        made.errors.update(_by_row(lane.findings.errors, rows))
        made.late_rtt_us.update(_by_row(verdicts.late_rtt_us, rows))
        if part.pace.behind_ns > SHIFTED_NS:
            made.send_offset_us.update(_by_row(_offsets(part, ahead_ns), rows))
    behind_ns = max((part.pace.behind_ns for part in parts), default=0)
    return replace(
        made,
        positions=positions,
        late=late,
        reordered=reordered,
        behind_us=behind_ns // 1_000,
        unsettled=unsettled,
        dropped=dropped,
        unstamped=unstamped,
    )


def _spread(verdicts: Verdicts, rows: "array[int]", *, into: "array[int]", count: int) -> None:
    for target, row in enumerate(rows):
        into[row * count : (row + 1) * count] = verdicts.positions[target * count : (target + 1) * count]


def _offsets(part: Part, ahead_ns: int) -> dict[int, list[int]]:
    """Return how much later than planned each probe left, where one of a target did notably."""
    # The plan is kept on the monotonic clock, the stamps are the wall's.
    lane, pace = part.lane, part.pace
    found: dict[int, list[int]] = {}
    for target in range(lane.width):
        offsets = [
            (abs(sent) - ahead_ns - pace.planned_ns(probe)) // 1_000 if abs(sent) > 1 else 0
            for probe, sent in zip(
                range(target, len(lane.sent), lane.width), lane.sent[target :: lane.width], strict=True
            )
        ]
        if max(offsets) * 1_000 > SHIFTED_NS:
            found[target] = offsets
    return found


def _by_row(found: dict[int, _Value], rows: "array[int]") -> dict[int, _Value]:
    """Return by the address's number what a lane knows by its target's."""
    return {rows[target]: value for target, value in found.items()}
