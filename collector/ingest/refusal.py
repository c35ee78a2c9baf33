"""What is said of a column of a report that is not as it must be."""

from collections.abc import Sized

from wire.errors import WireError


def check_length(name: str, column: Sized, *, count: int) -> None:
    """Refuse a column of another length than that of the servers."""
    if len(column) != count:
        raise wrong(name, f"has {len(column)} items, server has {count}")


def wrong(column: str, reason: str) -> WireError:
    """Return the refusal of a column."""
    return WireError(field=f"results.{column}", reason=reason)
