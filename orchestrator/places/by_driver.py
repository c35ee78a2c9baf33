"""One place for all hosts of a fleet: each is led to the place of its driver."""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import UUID

from orchestrator.places.deadline import Deadline
from orchestrator.places.place import Life, NewHost, Place, Said, Say, SpoolCount


class PlacesByDriver:
    """A place that passes everything on; `driver_of` knows the driver of each host that was begun.

    `place_for` gives the place of a driver; it is asked once for each kind that is needed, so that
    nobody pays for what his fleet does not use.
    """

    def __init__(self, *, driver_of: Callable[[str], str], place_for: Callable[[str], Place]) -> None:
        self._driver_of = driver_of
        self._place_for = place_for

    def prepare(self, drivers: Collection[str], *, deadline: Deadline) -> None:
        """Make what hosts of some drivers will need."""
        for place in dict.fromkeys(self._place_for(driver) for driver in drivers):
            place.prepare(drivers, deadline=deadline)

    def create(self, host: NewHost, *, say: Say, deadline: Deadline) -> None:
        """Make a host."""
        self._place_for(host.driver).create(host, say=say, deadline=deadline)

    def tell(self, host_name: str, *, job: bytes) -> None:
        """Replace the job that the host's tester reads before each run."""
        self._of(host_name).tell(host_name, job=job)

    def start(
        self, host_name: str, *, job: bytes, token: str, first_index: int, say: Say, deadline: Deadline
    ) -> None:
        """Start the host's tester."""
        self._of(host_name).start(
            host_name, job=job, token=token, first_index=first_index, say=say, deadline=deadline
        )

    def lives(self, host_names: Sequence[str]) -> dict[str, Life]:
        """Ask every place for its own hosts, all places at once."""
        groups = self._groups(host_names)
        if len(groups) < 2:
            return {
                name: life for place, names in groups.items() for name, life in place.lives(names).items()
            }
        with ThreadPoolExecutor(max_workers=len(groups)) as pool:
            asked: list[Mapping[str, Life]] = list(
                pool.map(lambda item: item[0].lives(item[1]), groups.items())
            )
        return {name: life for lives in asked for name, life in lives.items()}

    def stop(self, host_name: str, *, deadline: Deadline) -> None:
        """Stop the host's tester."""
        self._of(host_name).stop(host_name, deadline=deadline)

    def spooled(self, host_name: str) -> list[str]:
        """Return the names of reports that wait for delivery."""
        return self._of(host_name).spooled(host_name)

    def spool_count(self, host_name: str) -> SpoolCount:
        """Return how many reports the host still holds."""
        return self._of(host_name).spool_count(host_name)

    def read_report(self, host_name: str, name: str) -> bytes:
        """Return a spooled report."""
        return self._of(host_name).read_report(host_name, name)

    def drop_report(self, host_name: str, name: str) -> None:
        """Delete a spooled report that was delivered."""
        self._of(host_name).drop_report(host_name, name)

    def log(self, host_name: str) -> Path | None:
        """Return what the tester wrote."""
        return self._of(host_name).log(host_name)

    def runs_made(self, host_name: str, *, sweep_id: UUID, tester_id: UUID) -> int:
        """Return how many runs the tester has made."""
        return self._of(host_name).runs_made(host_name, sweep_id=sweep_id, tester_id=tester_id)

    def last_words(self, host_name: str) -> str:
        """Return the last thing that the tester wrote."""
        return self._of(host_name).last_words(host_name)

    def ssh_command(self, host_name: str) -> list[str] | None:
        """Return the command that opens a shell on the host, None where there is no such way."""
        return self._of(host_name).ssh_command(host_name)

    def address(self, host_name: str) -> str | None:
        """Return where other testers reach the host."""
        return self._of(host_name).address(host_name)

    def admit(self, host_names: Sequence[str], *, addresses: Collection[str]) -> None:
        """Let testers at some addresses send echo requests to hosts."""
        for place, names in self._groups(host_names).items():
            place.admit(names, addresses=addresses)

    def tend(self, host_names: Sequence[str], *, deadline: Deadline) -> dict[str, str]:
        """See that hosts end by themselves once everybody forgets them."""
        found: dict[str, str] = {}
        for place, names in self._groups(host_names).items():
            found |= place.tend(names, deadline=deadline)
        return found

    def taken_back(self, host_names: Sequence[str]) -> dict[str, str]:
        """Return the hosts that their cloud takes back, and why."""
        found: dict[str, str] = {}
        for place, names in self._groups(host_names).items():
            found |= place.taken_back(names)
        return found

    def execute(self, host_name: str, command: Sequence[str], *, deadline: Deadline) -> Said:
        """Run a command beside the host's tester."""
        return self._of(host_name).execute(host_name, command, deadline=deadline)

    def remove(self, host_name: str, *, say: Say, deadline: Deadline) -> None:
        """Remove the host."""
        self._of(host_name).remove(host_name, say=say, deadline=deadline)

    def _groups(self, host_names: Sequence[str]) -> dict[Place, list[str]]:
        groups: dict[Place, list[str]] = defaultdict(list)
        for name in host_names:
            groups[self._of(name)].append(name)
        return groups

    def _of(self, host_name: str) -> Place:
        return self._place_for(self._driver_of(host_name))
