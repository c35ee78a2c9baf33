"""What became of the rows of an original table."""

from dataclasses import dataclass, field


@dataclass(kw_only=True, slots=True)
class Count:
    """How many rows were read, stored, found to be there already, and refused with which reason.

    `refused` holds by reason how many there were and the id of the first. `notes` say what is
    other here than in the original.
    """

    read: int = 0
    imported: int = 0
    already: int = 0
    refused: dict[str, tuple[int, str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def refuse(self, row_id: str | None, reason: str) -> None:
        """Count a row that is not taken."""
        count, first = self.refused.get(reason, (0, str(row_id)))
        self.refused[reason] = (count + 1, first)

    @property
    def refused_count(self) -> int:
        """How many were refused."""
        return sum(count for count, _ in self.refused.values())
