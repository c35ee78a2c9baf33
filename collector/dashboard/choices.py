"""What a filter offers."""

from collections.abc import Iterable


def choices(first: str, values: Iterable[str]) -> list[tuple[str, str]]:
    """Return value and text of each choice; `first` stands for no filter."""
    return [("", first), *((value, value) for value in values)]
