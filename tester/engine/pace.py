"""When each probe is due: an even stream, whatever comes back (pure)."""

MOST_BEHIND_NS = 50_000_000
"""Past this the plan is moved: who was descheduled does not fire all that was missed at once."""


class Pace:
    """Probe p is due p × interval / width after the beginning: a round lasts an interval.

    `most_per_s` bounds the stream of all targets together; a round then lasts longer.
    """

    def __init__(
        self, *, base_ns: int, interval_ns: int, width: int, most_per_s: float | None = None
    ) -> None:
        least_ns = round(width * 1e9 / most_per_s) if most_per_s else 0
        self.round_ns = max(interval_ns, least_ns)
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
