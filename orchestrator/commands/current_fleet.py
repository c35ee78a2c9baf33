"""The fleet as it is written now, for a command that stays."""

from dataclasses import dataclass
from datetime import datetime

from orchestrator.commands.choose_fleet import TESTERS, Asked, fleet_as_written
from orchestrator.commands.complaint import Complaint
from orchestrator.errors import OrchestratorError
from orchestrator.fleet.model import Fleet
from orchestrator.settings import Edge

READ_EVERY_S = 5.0
"""Time between two readings of the fleet file."""

READ_TABLE_EVERY_S = 60.0


@dataclass(kw_only=True, slots=True)
class CurrentFleet:
    """A fleet that is read again and again; `complaint` tells what keeps it from being read."""

    asked: Asked
    fleet: Fleet
    edge: Edge
    complaint: Complaint
    _read_at: datetime | None = None

    @property
    def is_from_table(self) -> bool:
        """Whether the collector's testers table has it."""
        return self.asked.source == TESTERS or self.fleet.source.startswith("testers table")

    def read_again(self) -> None:
        """Read the fleet if it is time; one that cannot be read leaves the one that is known."""
        now = self.edge.clock()
        every_s = READ_TABLE_EVERY_S if self.is_from_table else READ_EVERY_S
        is_fresh = self._read_at is not None and abs((now - self._read_at).total_seconds()) < every_s
        if is_fresh or self.asked.fleet == "-":
            return
        self._read_at = now
        try:
            fleet = fleet_as_written(self.asked, edge=self.edge)
        except OrchestratorError as error:
            self.complaint.tell(f"the fleet is kept as it was: {error.what}")
            return
        if fleet.name != self.fleet.name:
            self.complaint.tell(
                f"the fleet is kept as it was: its name is {self.fleet.name}, and now {fleet.name}"
            )
            return
        self.complaint.is_over()
        self.fleet = fleet
