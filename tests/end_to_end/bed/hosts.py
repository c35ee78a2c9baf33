"""Hosts: privileged containers, each with sshd and an engine of its own, at a fixed address."""

import shutil
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.end_to_end.bed.engine import docker, privileges, run
from tests.end_to_end.bed.ground import LABEL, Ground
from tests.end_to_end.bed.images import copy_engine_data
from tests.end_to_end.bed.record import Record


@dataclass(frozen=True, kw_only=True, slots=True)
class Seed:
    """What a host is told at its boot."""

    address: str
    key: str
    os: str
    fault: str = ""
    delay_s: float = 0.0
    filter: str = ""
    """For iptables-restore; empty: everything is let in."""
    user_data: bytes = b""


class Hosts:
    """Starts, breaks, mends and ends the hosts of one bed."""

    def __init__(self, *, ground: Ground, image: str, data: Path, record: Record) -> None:
        self._ground = ground
        self._image = image
        self._data = data
        self._record = record
        self._fates: dict[str, Callable[[str], object]] = {
            "remove": self.remove,
            "stop": lambda name: self._docker("stop", "-t", "2", self._container(name)),
            "start": lambda name: self._docker("start", self._container(name)),
            # Without power: nobody answers, and it is no shutdown that the cloud would notice.
            "kill": lambda name: self._docker("kill", self._container(name)),
            # Frozen: the kernel accepts connections, and nothing is ever said.
            "hang": lambda name: self._docker("pause", self._container(name)),
            # Cut off: packets are swallowed.
            "blackhole": lambda name: self._inside(name, "iptables -I INPUT ! -i lo -j DROP"),
            "stop_engine": lambda name: self._inside(name, "kill -9 $(cat /run/engine.pid)"),
            "heal": self._heal,
        }

    def start(self, name: str, seed: Seed) -> None:
        """Boot a host; raises CommandFailed."""
        folder = self._folder(name)
        (folder / "seed").mkdir(parents=True)
        copy_engine_data(self._data, folder / "engine")
        parts: dict[str, str | bytes] = {
            "key": seed.key.strip() + "\n",
            "os": seed.os,
            "fault": seed.fault,
            "delay": str(seed.delay_s),
            "resolver": self._ground.address,
            "user-data": seed.user_data,
        }
        if seed.filter:
            parts["filter"] = seed.filter
        for part, content in parts.items():
            (folder / "seed" / part).write_bytes(content if isinstance(content, bytes) else content.encode())
        self._docker(
            *("run", "-d", *privileges(), "--name", self._container(name), "--hostname", name),
            *("--network", self._ground.name, "--ip", seed.address),
            *("--label", f"{LABEL}={self._ground.name}", "--label", f"{LABEL}.host={name}"),
            *("-v", f"{folder}/seed:/seed:ro", "-v", f"{folder}/engine:/var/lib/docker", self._image),
        )
        self._record.add(host=name, event="started", address=seed.address, fault=seed.fault)

    def remove(self, name: str) -> None:
        """End a host for good, its disk with it; twice is once."""
        docker("rm", "-f", "-v", self._container(name), check=False)
        shutil.rmtree(self._folder(name), ignore_errors=True)

    def meet(self, name: str, fate: str) -> None:
        """Let a host meet one of its fates; raises ValueError and CommandFailed."""
        if fate not in self._fates:
            raise ValueError(f"no fate {fate!r}: one of {', '.join(sorted(self._fates))}")
        self._fates[fate](name)
        self._record.add(host=name, event=fate)

    def let_in(self, name: str, text: str) -> None:
        """Filter what comes to a host from now on; a host that is down does it at its next boot."""
        path = self._folder(name) / "seed" / "filter"
        if not path.exists() or path.read_text(encoding="ascii") == text:
            return
        path.write_text(text, encoding="ascii")
        # From outside: a host that hangs is filtered as well.
        asked = docker("inspect", "-f", "{{.State.Pid}}", self._container(name), check=False)
        pid = asked.stdout.strip()
        if asked.returncode == 0 and pid != "0":
            run(["nsenter", "-t", pid, "-n", "iptables-restore"], stdin=text, check=False)

    def run(self, name: str, *command: str) -> str:
        """Run a command in a host as its root and return what it prints; raises CommandFailed."""
        return self._docker("exec", self._container(name), *command)

    def _container(self, name: str) -> str:
        return f"{self._ground.name}-{name}"

    def _folder(self, name: str) -> Path:
        return self._ground.folder / "hosts" / name

    def _docker(self, *words: str) -> str:
        return docker(*words).stdout

    def _inside(self, name: str, script: str) -> None:
        self.run(name, "sh", "-c", script)

    def _heal(self, name: str) -> None:
        docker("unpause", self._container(name), check=False)
        docker("exec", self._container(name), "iptables", "-F", "INPUT", check=False)


def in_background(work: Callable[[], None], *, of: str, record: Record) -> None:
    """Do a host's work while the cloud answers; what fails is recorded."""

    def do() -> None:
        try:
            work()
        except Exception as failure:  # noqa: BLE001 - one host's failure is no other's
            record.add(host=of, event="failed", error=str(failure))

    threading.Thread(target=do, name=of, daemon=True).start()
