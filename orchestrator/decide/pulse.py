"""Whether a tester is well, slow or dead, from what is heard of it (pure)."""

from dataclasses import dataclass
from enum import StrEnum


class Pulse(StrEnum):
    """How a tester that should be measuring is."""

    WELL = "well"
    LATE = "late"
    """It lives, and its run takes longer than it said."""

    DEAD = "dead"
    """Nothing is heard of it any more."""


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenRun:
    """A run that was announced and has not ended: since when, and how long it should take at most."""

    index: int
    elapsed_s: float
    expected_s: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Signs:
    """What is heard of a tester.

    `quiet_s` is the time without a heartbeat while one could have been heard, None for a tester whose
    reports are fetched: it sends none. `unanswered_s` is the time for which its host has not
    answered, None where it does. `run` is the oldest that is open.
    """

    quiet_s: float | None
    unanswered_s: float | None
    run: OpenRun | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """How a tester is, and why; the words stay the same as long as nothing else is found."""

    pulse: Pulse
    cause: str = ""


WELL = Finding(pulse=Pulse.WELL)


def finding_of(signs: Signs, *, silent_after_s: float, late_after_s: float) -> Finding:
    """Return how a tester is.

    It is dead when no sign of life has come for `silent_after_s`, by the way that it has: its
    heartbeats, else its host's answers. It is late when it lives, and a run takes `late_after_s`
    longer than was announced.
    """
    silent = f"for {silent_after_s:g} s"
    if signs.quiet_s is None:
        if signs.unanswered_s is not None and signs.unanswered_s >= silent_after_s:
            return Finding(pulse=Pulse.DEAD, cause=f"its host has not answered {silent}")
    elif signs.quiet_s >= silent_after_s:
        place = "its process is there" if signs.unanswered_s is None else "its host does not answer either"
        return Finding(pulse=Pulse.DEAD, cause=f"no heartbeat {silent}; {place}")
    run = signs.run
    if run is None or run.elapsed_s < run.expected_s + late_after_s:
        return WELL
    lives = "its heartbeats arrive" if signs.quiet_s is not None else "its process is there"
    if signs.quiet_s is None and signs.unanswered_s is not None:
        lives = "its host does not answer at present"
    return Finding(
        pulse=Pulse.LATE,
        cause=f"run {run.index + 1} was to take {run.expected_s:.0f} s at most and is not over; {lives}",
    )
