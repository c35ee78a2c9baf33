"""When each probe is due: an even stream, whatever comes back (pure)."""

from wire.job import ProbePlan

MOST_BEHIND_NS = 50_000_000
"""Past this the plan is moved: who was descheduled does not fire all that was missed at once."""


def round_s(plan: ProbePlan, *, targets: int) -> float:
    """Return the seconds from round to round: the interval, or longer where the total rate is bounded."""
    return max(plan.interval_s, 0.0 if plan.rate_per_s is None else targets / plan.rate_per_s)


class Pace:
    """Probe p is due p × round / width after the beginning: a round lasts `round_ns`."""

    def __init__(self, *, base_ns: int, round_ns: int, width: int) -> None:
        self.round_ns = round_ns
        self.width = width
        self.planned_base_ns = base_ns
        self.base_ns = base_ns
        self.behind_ns = 0
        self.slack_ns = max(MOST_BEHIND_NS, self.round_ns // width)

    def due_ns(self, probe: int) -> int:
        """Return when a probe is due, after all moves of the plan."""
        return self.base_ns + probe * self.round_ns // self.width

    def planned_ns(self, probe: int) -> int:
        """Return when a probe was due by the plan as it was at first."""
        return self.planned_base_ns + probe * self.round_ns // self.width

    def due_count(self, *, first: int, now_ns: int, most: int) -> int:
        """Return how many probes from `first` on are due, at most `most`; move the plan if need be."""
        if not self.round_ns:
            return most
        behind_ns = now_ns - self.due_ns(first)
        if behind_ns < 0:
            return 0
        self.behind_ns = max(self.behind_ns, now_ns - self.planned_ns(first) - self._moved_ns())
        if behind_ns > self.slack_ns:
            self.base_ns += behind_ns
            behind_ns = 0
        return min(most, behind_ns * self.width // self.round_ns + 1)

    def _moved_ns(self) -> int:
        return self.base_ns - self.planned_base_ns
