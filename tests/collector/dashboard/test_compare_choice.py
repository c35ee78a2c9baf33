"""Which two sweeps are compared where not both are named."""

from uuid import UUID

import pytest

from collector.dashboard.compare import _chosen

NEWEST, MIDDLE, OLDEST, GONE = (UUID(int=number) for number in range(1, 5))
LISTED = [{"sweep_id": str(one)} for one in (NEWEST, MIDDLE, OLDEST)]


@pytest.mark.parametrize(
    ("a", "b", "chosen"),
    [
        (None, None, (MIDDLE, NEWEST)),
        (OLDEST, None, (OLDEST, NEWEST)),
        (None, MIDDLE, (OLDEST, MIDDLE)),
        # There is none after it: the two are not turned round.
        (NEWEST, None, (NEWEST, None)),
        (GONE, None, (GONE, NEWEST)),
        (None, OLDEST, (None, OLDEST)),
        (NEWEST, MIDDLE, (NEWEST, MIDDLE)),
    ],
)
def test_what_is_not_named_is_the_newest_or_the_one_before(
    a: UUID | None, b: UUID | None, chosen: tuple[UUID | None, UUID | None]
) -> None:
    assert _chosen(LISTED, a=a, b=b) == chosen
