"""What a collector's rows say of sweeps that are in the way of others."""

from typing import Any
from uuid import uuid4

import pytest

from orchestrator.act.ticks import known_sweeps


@pytest.mark.parametrize(
    ("outcome", "note", "is_skipped"),
    [
        ("skipped", "missed: nobody was there to begin it", True),
        # It had no host at any time.
        ("failed", "not begun: no tester of schedule `a` is in the fleet", True),
        ("failed", "no host could be made", False),
        ("failed", None, False),
        ("complete", "not begun: said somebody", False),
        (None, None, False),
    ],
)
def test_a_sweep_that_never_began_is_in_nobodys_way(
    outcome: str | None, note: str | None, is_skipped: bool
) -> None:
    row: dict[str, Any] = {
        "sweep_id": str(uuid4()),
        "started_at": "2026-03-01T03:00:00Z",
        "finished_at": "2026-03-01T03:00:07Z",
        "outcome": outcome,
        "note": note,
    }

    (found,) = known_sweeps((), [row])

    assert found.is_skipped is is_skipped
