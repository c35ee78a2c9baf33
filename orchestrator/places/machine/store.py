"""docker-machine's store, read without asking docker-machine."""

import json
import os
import shutil
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.errors import ConfigurationError
from orchestrator.places.engines.engine import EngineAddress, TlsFiles
from orchestrator.places.files import write_whole

STORE_VERSION = 1
CONFIG_VERSION = 3
"""The version of config.json that docker-machine 0.16 and its forks write."""

ENGINE_PORT = 2376
READS = 20
READ_PAUSE_S = 0.01
"""docker-machine deletes config.json for a moment when it writes it anew."""

CERTIFICATES = ("ca.pem", "ca-key.pem", "cert.pem", "key.pem")

ID_FIELDS = (
    "InstanceId", "DropletID", "ServerID", "MachineId", "LinodeID", "InstanceID", "DeviceID", "VMID",
)  # fmt: skip
"""Where drivers keep what their cloud calls the machine."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Machine:
    """What the store knows of one machine; `cloud_id` is empty where no cloud is known to have it."""

    name: str
    driver: str
    address: str = ""
    url: str = ""
    region: str = ""
    cloud_id: str = ""
    key_name: str = ""
    ssh_user: str = ""
    ssh_port: int = 22
    ssh_key: str = ""


class MachineStore:
    """The directory that MACHINE_STORAGE_PATH names, one for each fleet."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @property
    def certificates(self) -> Path:
        """The directory of the store's own authority and our client certificate."""
        return self.root / "certs"

    @property
    def has_certificates(self) -> bool:
        """Whether authority and client certificate are there."""
        return all((self.certificates / name).is_file() for name in CERTIFICATES)

    def prepare(self, *, program: str) -> None:
        """Make the store and note who writes it; raise `ConfigurationError` for another version's."""
        self.check_version()
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.root.chmod(0o700)
        note = json.dumps({"v": STORE_VERSION, "program": program}).encode() + b"\n"
        path = self.root / "store.json"
        if not path.exists() or path.read_bytes() != note:
            write_whole(path, note)

    def check_version(self) -> str | None:
        """Return which program wrote the store last; raise `ConfigurationError` for another version's."""
        try:
            note = json.loads((self.root / "store.json").read_bytes())
            version, program = note["v"], str(note["program"])
        except FileNotFoundError:
            version, program = STORE_VERSION, None
        except (OSError, ValueError, KeyError, TypeError):
            version, program = "?", None
        if version != STORE_VERSION:
            raise self._of_another(f"its store.json has version {version}")
        for name in self.names():
            config = self._config(name) or {}
            if config.get("ConfigVersion", CONFIG_VERSION) != CONFIG_VERSION:
                raise self._of_another(f"{name} has config version {config['ConfigVersion']}")
        return program

    def names(self) -> list[str]:
        """Return the names of all machines, also of those that were never finished."""
        try:
            return sorted(entry.name for entry in os.scandir(self._machines) if entry.is_dir())
        except FileNotFoundError:
            return []

    def has(self, name: str) -> bool:
        """Return whether the store has something under that name."""
        return self.directory(name).is_dir()

    def directory(self, name: str) -> Path:
        """Return where the store keeps a machine."""
        return self._machines / name

    def machine(self, name: str) -> Machine | None:
        """Return what is known of a machine, None if nothing is or it cannot be read."""
        config = self._config(name)
        driver = None if config is None else config.get("Driver")
        if config is None or not isinstance(driver, dict):
            return None
        return Machine(
            name=name,
            driver=str(config.get("DriverName") or ""),
            address=_text(driver, "IPAddress"),
            url=_text(driver, "URL"),
            region=_text(driver, "Region"),
            cloud_id=next((found for field in ID_FIELDS if (found := _text(driver, field))), ""),
            key_name=_text(driver, "KeyName"),
            ssh_user=_text(driver, "SSHUser"),
            ssh_port=int(_text(driver, "SSHPort") or 22),
            ssh_key=_text(driver, "SSHKeyPath"),
        )

    def engine(self, name: str) -> EngineAddress | None:
        """Return where a machine's engine answers, None if the store does not say."""
        config = self._config(name) or {}
        driver = config.get("Driver")
        if not isinstance(driver, dict):
            return None
        url, address = _text(driver, "URL"), _text(driver, "IPAddress")
        if not url and not address:
            return None
        host = f"[{address}]" if ":" in address else address
        port = _text(driver, "EnginePort") or str(ENGINE_PORT)
        return EngineAddress(url=url or f"tcp://{host}:{port}", tls=self.tls(name))

    def tls(self, name: str) -> TlsFiles:
        """Return what proves both ends: the machine's own copies, else the store's."""
        own = self.directory(name)
        names = ("ca.pem", "cert.pem", "key.pem")
        at = own if all((own / file).is_file() for file in names) else self.certificates
        ca, cert, key = (at / file for file in names)
        return TlsFiles(ca=ca, cert=cert, key=key)

    def mend(self, name: str) -> None:
        """Put back a config.json that a killed docker-machine had set aside to write it anew."""
        directory = self.directory(name)
        config = directory / "config.json"
        if not directory.is_dir() or _object_in(config) is not None:
            return
        for draft in sorted(directory.glob("config.json.tmp*")):
            if _object_in(draft) is not None:
                draft.replace(config)
                return

    def forget(self, name: str) -> None:
        """Delete what the store has of a machine that was never begun."""
        shutil.rmtree(self.directory(name), ignore_errors=True)

    @property
    def _machines(self) -> Path:
        return self.root / "machines"

    def _config(self, name: str) -> Mapping[str, Any] | None:
        for _ in range(READS):
            found = _object_in(self.directory(name) / "config.json")
            if found is not None or not self.has(name):
                return found
            time.sleep(READ_PAUSE_S)
        return None

    def _of_another(self, cause: str) -> ConfigurationError:
        return ConfigurationError(
            f"{self.root} was written by another version",
            cause=cause,
            next_step="run `orchestrate down` with the version that wrote it, or choose another "
            "ORCHESTRATE_STATE_DIR",
        )


def _object_in(path: Path) -> Mapping[str, Any] | None:
    with suppress(OSError, ValueError):
        found = json.loads(path.read_bytes())
        return found if isinstance(found, dict) else None
    return None


def _text(driver: Mapping[str, Any], name: str) -> str:
    value = driver.get(name)
    return "" if value is None or isinstance(value, (dict, list)) or value == 0 else str(value)
