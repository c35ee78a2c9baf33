"""The sweep of a fleet that is running, as a ribbon: a mark for each tester."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from collector.dashboard.formats import moment_of
from collector.dashboard.progress import GOING_ON, NOT_TRUSTED, Progress, progress_of
from collector.web.reads_page import MAX_LIMIT
from collector.web.reads_runs import chosen_runs, runs_body
from collector.web.state import Services
from collector.web.sweeps import get_sweeps

LOOKED_AT = 25
SILENT = timedelta(days=1)
"""A sweep without an outcome of which no run was announced for so long has been left, and runs no more."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ribbon:
    """The testers of a running sweep, by name; `before` is the last one of its fleet that has ended."""

    sweep_id: str
    began: str
    before: str | None
    testers: Sequence[Progress]

    @property
    def done(self) -> int:
        """Return how many have ended."""
        return sum(one.word not in GOING_ON for one in self.testers)

    @property
    def running(self) -> int:
        """Return how many are in a run."""
        return sum(one.word == "running" for one in self.testers)

    @property
    def bad(self) -> int:
        """Return how many ended with something against them."""
        return sum(one.word in ("given up", NOT_TRUSTED, "ended early") for one in self.testers)


def ribbon_of(at: Services, *, fleet: str, now: datetime | None = None) -> Ribbon | None:
    """Return the newest sweep of a fleet while it is running."""
    newest = get_sweeps(at, fleet=fleet, limit=LOOKED_AT)["sweeps"]
    if not newest or newest[0]["outcome"] is not None:
        return None
    sweep = newest[0]
    chosen = chosen_runs(at, fleet=fleet, sweep_id=UUID(sweep["sweep_id"]))
    found = runs_body(at, chosen, limit=MAX_LIMIT, cursor=None)["runs"]
    testers = progress_of(found, spec=sweep["spec"])
    # The newest stand first.
    heard = moment_of(found[0]["announced_at"] if found else sweep["started_at"])
    is_left = heard is None or (now or datetime.now(UTC)) - heard > SILENT
    if is_left or not any(one.word in GOING_ON for one in testers):
        return None
    ended = (one["sweep_id"] for one in newest if one["outcome"] and one["runs"]["complete"])
    return Ribbon(
        sweep_id=sweep["sweep_id"], began=sweep["started_at"], before=next(ended, None), testers=testers
    )
