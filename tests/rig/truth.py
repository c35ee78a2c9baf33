"""What went over the wire, probe by probe, as the kernel stamped it at the responder's end."""

import struct
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tester.engine.engine import Probed
from tests.rig.script import Kind, Script
from wire.report import LATE, LOST

ANSWERED = 0
MOST_SHOWN = 20

_COUNTS = struct.Struct("=7Q")
_SEEN = struct.Struct("=qIIHHI")
_SENT = struct.Struct("=qII")
_ERROR_NAMES = {Kind.UNREACHABLE: "unreachable", Kind.PROHIBITED: "prohibited"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdicts:
    """What an engine must have found: a code for each probe, and counts by row."""

    codes: "array[int]"
    """`ANSWERED`, or a code of `wire.report`."""
    late: list[int]
    duplicate: list[int]
    reordered: list[int]
    icmp_errors: dict[int, dict[str, int]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Truth:
    """By position (`row * count + nth`): when a request arrived and when its answers left.

    0 stands for never. `copies` counts the answers; errors, forged and cut ones are none.
    `troubles` says why the truth may be incomplete: nobody may be judged by it then.
    """

    rows: int
    count: int
    seen_ns: "array[int]"
    answered_ns: "array[int]"
    copies: "array[int]"
    identifiers: "array[int]"
    sequences: "array[int]"
    arrivals: "array[int]"
    """The positions in the order in which the requests arrived."""
    errors: dict[int, dict[str, int]]
    troubles: tuple[str, ...]

    def held_ns(self, position: int) -> int | None:
        """Return how long a request was held until its first answer, None where there was none."""
        answered_ns = self.answered_ns[position]
        return answered_ns - self.seen_ns[position] if answered_ns else None

    def verdicts(self, *, timeout_s: float) -> Verdicts:
        """Return what was to be found by who listens on until the last answer.

        Late is a probe whose first answer took longer than the timeout. A duplicate is every answer
        but a probe's first. Reordered is a probe that was answered in time, yet after a probe of the
        same row that was sent later and answered in time as well (RFC 4737, 3.3: its number is lower
        than that of what has already come; what comes after the waiting time does not take part).
        """
        codes = array("b", [LOST]) * (self.rows * self.count)
        late, duplicate, reordered = [0] * self.rows, [0] * self.rows, [0] * self.rows
        timeout_ns = round(timeout_s * 1e9)
        for row in range(self.rows):
            in_time: list[tuple[int, int]] = []
            for position in range(row * self.count, (row + 1) * self.count):
                held_ns = self.held_ns(position)
                if held_ns is None:
                    continue
                duplicate[row] += self.copies[position] - 1
                if held_ns > timeout_ns:
                    codes[position] = LATE
                    late[row] += 1
                else:
                    codes[position] = ANSWERED
                    in_time.append((self.answered_ns[position], position))
            highest = -1
            for _, position in sorted(in_time):
                reordered[row] += position < highest
                highest = max(highest, position)
        return Verdicts(
            codes=codes, late=late, duplicate=duplicate, reordered=reordered, icmp_errors=self.errors
        )


def read_truth(script: Script, path: Path, *, troubles: Sequence[str] = ()) -> Truth:
    """Return the truth in the responder's log of a script."""
    log = path.read_bytes()
    seen_count, sent_count, ring_drops, unstamped, unsound, unknown, refused = _COUNTS.unpack_from(log)
    found = [
        *troubles,
        *_told(ring_drops, "frames found no room in the responder's ring"),
        *_told(unstamped, "answers got no stamp of the kernel"),
        *_told(unsound, "requests had a wrong checksum"),
        *_told(unknown, "requests went to no address of the script, or were more than it has"),
        *_told(refused, "answers were refused by the kernel"),
    ]
    size = script.rows * script.count
    truth = Truth(
        rows=script.rows,
        count=script.count,
        seen_ns=array("q", [0]) * size,
        answered_ns=array("q", [0]) * size,
        copies=array("H", [0]) * size,
        identifiers=array("H", [0]) * size,
        sequences=array("H", [0]) * size,
        arrivals=array("I"),
        errors={},
        troubles=tuple(found),
    )
    start = _COUNTS.size
    middle = start + seen_count * _SEEN.size
    for at_ns, row, nth, identifier, sequence, _ in _SEEN.iter_unpack(log[start:middle]):
        position = row * script.count + nth
        truth.seen_ns[position] = at_ns
        truth.identifiers[position] = identifier
        truth.sequences[position] = sequence
        truth.arrivals.append(position)
    for at_ns, request, _copy in _SENT.iter_unpack(log[middle : middle + sent_count * _SENT.size]):
        position = truth.arrivals[request]
        kind = script.fate(position).kind
        if kind in _ERROR_NAMES:
            kinds = truth.errors.setdefault(position // script.count, {})
            kinds[_ERROR_NAMES[kind]] = kinds.get(_ERROR_NAMES[kind], 0) + 1
        elif kind is Kind.ANSWER:
            truth.copies[position] += 1
            first_ns = truth.answered_ns[position]
            truth.answered_ns[position] = min(first_ns, at_ns) if first_ns else at_ns
    return truth


def differences(truth: Truth, probed: Probed, *, timeout_s: float) -> list[str]:
    """Return where an engine did not find what was there, in words; empty where it found all.

    A count that the engine cannot know is not compared; who does not know late ones has lost them.
    """
    if truth.troubles:
        return [f"the truth is incomplete: {trouble}" for trouble in truth.troubles]
    verdicts = truth.verdicts(timeout_s=timeout_s)
    found: list[str] = []
    for position, (code, value) in enumerate(zip(verdicts.codes, probed.positions, strict=True)):
        expected = LOST if code == LATE and probed.late is None else code
        if min(value, ANSWERED) != expected:
            row, nth = divmod(position, truth.count)
            found.append(f"row {row}, probe {nth}: {value} and not {expected}; {_words(truth, position)}")
    for name in ("late", "duplicate", "reordered"):
        counts = getattr(probed, name)
        for row, count in enumerate(getattr(verdicts, name)):
            if counts is not None and counts[row] != count:
                found.append(f"row {row}: {counts[row]} {name} and not {count}")
    for row in sorted(verdicts.icmp_errors.keys() | probed.icmp_errors.keys()):
        there, told = verdicts.icmp_errors.get(row, {}), probed.icmp_errors.get(row, {})
        if there != told:
            found.append(f"row {row}: errors {told} and not {there}")
    if len(found) > MOST_SHOWN:
        return [*found[:MOST_SHOWN], f"and {len(found) - MOST_SHOWN} more"]
    return found


def errors_ns(truth: Truth, rtts_us: Sequence[float]) -> list[float]:
    """Return by how much each RTT is off, in ns; a probe that either side has no figure for is left out."""
    return [
        rtt_us * 1_000 - held_ns
        for position, rtt_us in enumerate(rtts_us)
        if rtt_us >= 0 and (held_ns := truth.held_ns(position)) is not None
    ]


def _told(count: int, words: str) -> list[str]:
    return [f"{count} {words}"] if count else []


def _words(truth: Truth, position: int) -> str:
    if not truth.seen_ns[position]:
        return "it was never sent"
    held_ns = truth.held_ns(position)
    if held_ns is None:
        return "it was not answered"
    return f"it was answered after {held_ns / 1e6:.3f} ms, {truth.copies[position]} times"
