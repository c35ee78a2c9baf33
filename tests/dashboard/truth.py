"""What is true of the generated history, so that pages can be asked for it."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid5

from tests.dashboard.world import SERVERS, TESTERS

FLEET = "edge-latency"
FLEET_ID = UUID(int=0x64617368)
DAYS = 28
EVERY = timedelta(hours=6)
SWEEPS = DAYS * 4
NEWEST = datetime(2026, 3, 23, 14, 0, tzinfo=UTC)
"""When the newest sweep began; the others lie six hours apart before it."""

ROUNDS = 3
"""Of the two newest sweeps; those before have one, as a month of them must be quick to write."""

ROUND_EVERY = timedelta(minutes=10)
PROBES = 20
END = NEWEST + timedelta(hours=1)

SLOW, SLOW_RATIO = "dubai", 1.29
"""The region that is slower than usual in the newest sweep, to every server."""

LOSSY, LOSSY_RATIO = ("jakarta", "sin1"), 0.25
"""The path that loses a quarter of its probes since the last three days."""

LOSSY_SINCE = NEWEST - timedelta(days=3)

LATE_SERVER, LATE_US = "waw1", 15_000
"""The server that takes 15 ms more for everybody, in the newest sweep."""

MOVED, MOVED_TO = "mad1", "198.51.100.5"
"""The server whose address is another one in the newest sweep."""

SILENT = "iad-db"
"""The server that never answered anybody."""

VOIDED, VOIDED_ROUND = "hyderabad", 1
VOIDED_REASON = "the loopback RTT is 7.3 ms, 5 ms is the limit"
"""The tester that was not fit in one round of the newest sweep: its RTTs there are rubbish."""

UNFIT = "queretaro"
UNFIT_REASON = "31% of this machine's CPU was given to others"
"""The tester that was not fit in any round of the newest sweep."""

ABANDONED, ABANDONED_ROUND = "changhua", 2
ABANDONED_REASON = "its host is gone"
"""The tester whose last run of the newest sweep has no report."""

RETIRED = "old-oslo"
"""A tester that was taken out of the fleet before anything was measured."""


def rounds_of(sweep: int) -> int:
    """Return how many rounds a sweep has; sweeps count from 0, the oldest."""
    return ROUNDS if sweep >= SWEEPS - 2 else 1


def start_of(sweep: int) -> datetime:
    """Return when a sweep began."""
    return NEWEST - (SWEEPS - 1 - sweep) * EVERY


def sweep_id(sweep: int) -> UUID:
    """Return the UUID of a sweep."""
    return uuid5(FLEET_ID, f"sweep {sweep}")


def run_id(sweep: int, round_number: int, tester: str) -> UUID:
    """Return the UUID of a run."""
    return uuid5(sweep_id(sweep), f"{round_number} {tester}")


def tester_id(name: str) -> UUID:
    """Return the UUID of a tester."""
    return uuid5(FLEET_ID, f"tester {name}")


def server_id(name: str, address: str) -> UUID:
    """Return the UUID of a server's address."""
    return uuid5(FLEET_ID, f"server {name} {address}")


NEWEST_ID, BEFORE_ID = sweep_id(SWEEPS - 1), sweep_id(SWEEPS - 2)
RUNS = len(TESTERS) * (SWEEPS + 2 * (ROUNDS - 1))
ROWS = (RUNS - 1) * len(SERVERS)
"""The abandoned run has no results."""
