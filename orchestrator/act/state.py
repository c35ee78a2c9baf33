"""Where the state of each fleet lies on this machine."""

from dataclasses import dataclass
from pathlib import Path

from orchestrator.errors import NO_ROOM, ConfigurationError, NoRoom, OrchestratorError
from orchestrator.events import printable


@dataclass(frozen=True, kw_only=True, slots=True)
class FleetState:
    """The directory of one fleet, and what lies in it."""

    name: str
    directory: Path

    @property
    def journal(self) -> Path:
        """What was done and begun."""
        return self.directory / "journal.sqlite3"

    @property
    def lock(self) -> Path:
        """Held by the orchestrator that works on the fleet."""
        return self.directory / "lock"

    @property
    def tokens(self) -> Path:
        """The testers' tokens, a file each."""
        return self.directory / "tokens"

    @property
    def testers(self) -> Path:
        """What this machine keeps of each host, a directory each."""
        return self.directory / "testers"

    @property
    def machines(self) -> Path:
        """docker-machine's own store."""
        return self.directory / "machines"

    @property
    def credentials(self) -> Path:
        """Credentials that are made for the length of a call, for drivers that read them from a file."""
        return self.directory / "credentials"

    @property
    def image(self) -> Path:
        """What the tester's image is built from."""
        return self.directory / "image"

    @property
    def collector(self) -> Path:
        """The embedded collector: database, admin token, log."""
        return self.directory / "collector"

    @property
    def undelivered(self) -> Path:
        """Reports of removed hosts that no collector took, a spool for each host."""
        return self.directory / "undelivered"

    @property
    def logs(self) -> Path:
        """What the testers of removed hosts wrote, a file each."""
        return self.directory / "logs"

    @property
    def exists(self) -> bool:
        """Whether an orchestrator has worked on this fleet here."""
        return self.journal.exists()

    def prepare(self) -> None:
        """Make the directories; raise `OrchestratorError` where the disk does not allow it."""
        try:
            for directory in (self.directory, self.tokens, self.testers):
                directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            kind = NoRoom if error.errno in NO_ROOM else OrchestratorError
            raise kind(
                f"the state of fleet {self.name!r} cannot be kept in {self.directory}: {error.strerror}",
                cause="nothing is begun that cannot be written down first",
                next_step="make that directory writable, or set ORCHESTRATE_STATE_DIR to another",
            ) from error


def state_of(name: str, *, state_dir: Path) -> FleetState:
    """Return the state of the fleet of that name; raise `ConfigurationError` for no name of a fleet."""
    if not name or name.startswith(".") or "/" in name or "\x00" in name:
        raise ConfigurationError(f"{printable(name)!r} is not the name of a fleet")
    return FleetState(name=name, directory=state_dir / name)


def fleets_with_state(state_dir: Path) -> list[FleetState]:
    """Return the fleets that have state here, by name."""
    if not state_dir.is_dir():
        return []
    states = [FleetState(name=entry.name, directory=entry) for entry in sorted(state_dir.iterdir())]
    return [state for state in states if state.exists]
