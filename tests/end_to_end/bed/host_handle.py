"""What a test does to one host of the bed."""

from dataclasses import dataclass
from typing import Any, Protocol


class Asked(Protocol):
    """The part of a bed that a host needs."""

    def ask(self, what: str, **words: Any) -> Any:
        """Ask the cloud's desk."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Host:
    """A host of the bed: an instance by its id, or one made by hand by its name."""

    bed: Asked
    name: str

    def hang(self) -> None:
        """Freeze it: connections are accepted, and nothing is ever said."""
        self._meet("hang")

    def kill(self) -> None:
        """Take its power away; the cloud still calls it running."""
        self._meet("kill")

    def vanish(self) -> None:
        """Let it be terminated by somebody else; one made by hand is simply gone."""
        self._meet("vanish")

    def blackhole(self) -> None:
        """Swallow every packet that comes to it."""
        self._meet("blackhole")

    def stop_engine(self) -> None:
        """Kill its Docker engine; its containers live on, SSH as well."""
        self._meet("stop_engine")

    def heal(self) -> None:
        """Undo `hang` and `blackhole`."""
        self._meet("heal")

    def run(self, *command: str) -> str:
        """Run a command there as root, past the network, and return what it prints."""
        return str(self.bed.ask("run", name=self.name, command=list(command)))

    def _meet(self, fate: str) -> None:
        self.bed.ask("meet", name=self.name, fate=fate)
