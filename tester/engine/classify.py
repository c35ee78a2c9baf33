"""What became of each probe, from the kernel's stamps alone (pure)."""

from array import array
from dataclasses import dataclass, field

from wire.report import LATE, LOST, MAX_RTT_US, NOT_SENT


@dataclass(frozen=True, kw_only=True, slots=True)
class Stamps:
    """When probes left and were first answered, in ns by `round * width + target`.

    `sent` is 0 for a probe that was never handed over, and negative where only our own clock knows
    when it was. `answered` is 0 where no answer came.
    """

    width: int
    count: int
    sent: "array[int]"
    answered: "array[int]"


@dataclass(kw_only=True, slots=True)
class Verdicts:
    """By target: `positions` holds `count` values for each, `late_rtt_us` only who had some."""

    positions: "array[int]"
    late: list[int]
    reordered: list[int]
    late_rtt_us: dict[int, list[int]] = field(default_factory=dict)
    unsettled: int = 0
    unstamped: int = 0


def classify(stamps: Stamps, *, timeout_ns: int, cut_ns: int | None = None) -> Verdicts:
    """Return what became of each probe.

    Answered after `timeout_ns` is late. An answer is reordered where one to a later probe of the
    same target came before it (RFC 4737, 3.3: what comes after the waiting time takes no part).
    `cut_ns` is when a stop ended the listening: who had less than the timeout by then has no verdict.
    """
    width, count = stamps.width, stamps.count
    made = Verdicts(
        positions=array("q", [NOT_SENT]) * (width * count), late=[0] * width, reordered=[0] * width
    )
    # From the last round backwards: the earliest answer to any later probe of each target.
    earliest = array("q", bytes(8)) * width
    # Views, since a slice of an array is a copy.
    all_sent, all_answered = memoryview(stamps.sent), memoryview(stamps.answered)
    for round_number in range(count - 1, -1, -1):
        here = slice(round_number * width, (round_number + 1) * width)
        column = array("q")
        for target, (sent, answered) in enumerate(zip(all_sent[here], all_answered[here], strict=True)):
            if sent <= 0:
                if not sent:
                    column.append(NOT_SENT)
                    continue
                sent = -sent
                made.unstamped += 1
            if not answered:
                if cut_ns is not None and cut_ns - sent < timeout_ns:
                    made.unsettled += 1
                    column.append(NOT_SENT)
                else:
                    column.append(LOST)
                continue
            rtt_ns = answered - sent
            if rtt_ns > timeout_ns:
                made.late[target] += 1
                made.late_rtt_us.setdefault(target, []).append(min((rtt_ns + 500) // 1_000, MAX_RTT_US))
                column.append(LATE)
                continue
            later = earliest[target]
            if not later or answered < later:
                earliest[target] = answered
            else:
                made.reordered[target] += 1
            column.append((rtt_ns + 500) // 1_000 if rtt_ns > 0 else 0)
        made.positions[round_number::count] = column
    for values in made.late_rtt_us.values():
        values.reverse()
    return made
