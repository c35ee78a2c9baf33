"""What is written down here of a machine, beside docker-machine's own store."""

import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from orchestrator.places.files import write_whole

HEADING = "== docker-machine "
LOG_BYTES = 1_048_576


@dataclass(frozen=True, kw_only=True, slots=True)
class MachineNote:
    """What a machine was asked for with: driver, region, and whose it is.

    `url` is its engine's, where docker-machine's store does not tell it. `guarded`: its cloud knows
    whose it is and ends it in time.
    """

    driver: str
    region: str
    fleet_id: str = ""
    tester: str = ""
    url: str = ""
    guarded: bool = False


class MachineNotes:
    """The directory of each host below `root`: its note, and what docker-machine printed about it."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def write(self, name: str, note: MachineNote) -> None:
        """Write a note, before its machine is begun."""
        (self._root / name).mkdir(mode=0o700, parents=True, exist_ok=True)
        content = json.dumps({"v": 1} | asdict(note))
        write_whole(self._note(name), content.encode() + b"\n")

    def read(self, name: str) -> MachineNote | None:
        """Return a machine's note, None if there is none that can be read."""
        with suppress(OSError, ValueError, KeyError, TypeError):
            found = json.loads(self._note(name).read_bytes())
            return MachineNote(
                driver=str(found["driver"]),
                region=str(found["region"]),
                fleet_id=str(found.get("fleet_id", "")),
                tester=str(found.get("tester", "")),
                url=str(found.get("url", "")),
                guarded=found.get("guarded") is True,
            )
        return None

    def names(self) -> list[str]:
        """Return the names of machines that have a note."""
        return sorted(path.parent.name for path in self._root.glob("*/machine.json"))

    def forget(self, name: str) -> None:
        """Delete a machine's note; what was printed stays for whoever asks why."""
        self._note(name).unlink(missing_ok=True)

    def log(self, name: str) -> Path:
        """Return the file with everything that docker-machine printed about a machine."""
        return self._root / name / "docker-machine.log"

    def head(self, name: str, verb: str) -> Path:
        """Begin a part of that file, and return the file."""
        path = self.log(name)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(f"{HEADING}{verb} {name}\n")
        return path

    def said(self, name: str, verb: str) -> str:
        """Return what docker-machine printed when it last did that, empty if it never did."""
        try:
            with self.log(name).open("rb") as file:
                file.seek(max(0, self.log(name).stat().st_size - LOG_BYTES))
                text = "\n" + file.read().decode(errors="replace")
        except FileNotFoundError:
            return ""
        _, found, rest = text.rpartition(f"\n{HEADING}{verb} {name}\n")
        return rest.split(f"\n{HEADING}", 1)[0] if found else ""

    def _note(self, name: str) -> Path:
        return self._root / name / "machine.json"
