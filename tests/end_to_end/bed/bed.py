"""A bed: the real docker-machine before a cloud that is ours, with real hosts behind its instances."""

import json
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.end_to_end.bed.cloud_process import CloudProcess, clear_abandoned, furnish, held
from tests.end_to_end.bed.engine import run
from tests.end_to_end.bed.environment import environment_inside
from tests.end_to_end.bed.ground import ROOT, Ground, clear, lay
from tests.end_to_end.bed.host_handle import Host
from tests.end_to_end.bed.images import engine_data, host_image
from tests.end_to_end.bed.lacking import base_image, look
from tests.end_to_end.bed.record import Record
from tests.end_to_end.bed.settings import Settings

BEGIN_S = 60.0
ANSWER_S = 120.0
MACHINES_GROUP = "docker-machine"
"""The group that docker-machine makes by itself, and never deletes."""


class Refused(Exception):
    """The cloud's desk could not do what was asked; the text is its own."""


class Bed(Settings):
    """One bed that is up. Several stand side by side; each has its own network and namespace."""

    def __init__(self, ground: Ground, *, cloud: CloudProcess | None = None) -> None:
        self._ground = ground
        self._cloud = cloud
        self._record = Record(ground.folder)

    @classmethod
    def up(cls, name: str | None = None, *, outlive: bool = False) -> "Bed":
        """Lay a bed; raises Lacking where this machine cannot hold one, Standing when that one is up.

        Unless it shall outlive this process, it is cleared when this process is gone, however it dies.
        """
        look()
        clear_abandoned()
        name = name or f"bed-{secrets.token_hex(3)}"
        with held(name) as lock:
            image = host_image(base_image())
            data = engine_data(base_image(), image)
            ground = lay(name)
            try:
                furnish(ground)
                cloud = CloudProcess.begin(ground, image=image, data=data, lock=lock, outlive=outlive)
                bed = cls(ground, cloud=cloud)
                bed._wait(cloud)
            except BaseException:
                clear(ground)
                raise
        return bed

    @classmethod
    def of(cls, name: str) -> "Bed":
        """Return a bed that is up, by its name; raises OSError when there is none."""
        return cls(Ground.read(ROOT / name))

    @property
    def folder(self) -> Path:
        """What the bed keeps on disk; `id_rsa` there lets into hosts made by hand."""
        return self._ground.folder

    @property
    def name(self) -> str:
        """The name of its namespace."""
        return self._ground.name

    @property
    def address(self) -> str:
        """Our own address inside, which hosts reach."""
        return self._ground.address

    @property
    def servers(self) -> list[str]:
        """Addresses that answer echo requests."""
        return self._ground.servers

    @property
    def silent(self) -> str:
        """An address that nobody has."""
        return self._ground.silent

    @property
    def prefix(self) -> list[str]:
        """What stands before a command that shall run inside."""
        return self._ground.command_prefix

    def environment(self) -> dict[str, str]:
        """The environment inside: credentials that this cloud knows, and nothing else of AWS or Docker."""
        return environment_inside(self.folder, secret=self.secret)

    @property
    def secret(self) -> str:
        """The secret access key, random for each bed, so that it can be searched for."""
        return (self.folder / "secret").read_text(encoding="ascii")

    def run(
        self,
        *command: str,
        extra: Mapping[str, str] | None = None,
        timeout_s: float = 600,
        cwd: Path | None = None,
    ) -> "subprocess.CompletedProcess[str]":
        """Run a command inside to its end."""
        return subprocess.run(
            [*self.prefix, *command],
            env=self.environment() | dict(extra or {}),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            cwd=cwd,
            check=False,
        )

    def fault(
        self,
        operation: str,
        *,
        region: str = "*",
        zone: str | None = None,
        code: str | None = None,
        status: int = 400,
        times: int | None = 1,
        delay_s: float = 0.0,
        lost: bool = False,
    ) -> None:
        """Let calls of an EC2 operation fail, or hosts (`Boot`): see cloud/faults.py."""
        self.ask(
            "fault",
            operation=operation,
            region=region,
            zone=zone,
            code=code,
            status=status,
            times=times,
            delay_s=delay_s,
            lost=lost,
        )

    def clear(self) -> None:
        """Forget every fault, all that was set about the account, and every order to kill docker-machine."""
        self.ask("clear")
        for order in (self.folder / "kills").glob("*.json"):
            order.unlink(missing_ok=True)

    def calm(self, region: str) -> None:
        """Forget the faults of one region, and every order to kill docker-machine there."""
        self.ask("calm", region=region)
        for order in (self.folder / "kills").glob("*.json"):
            with suppress(FileNotFoundError):
                if region in order.read_text(encoding="utf-8"):
                    order.unlink()

    def state(self) -> dict[str, Any]:
        """What the account holds, by region; a region that holds nothing is left out."""
        state: dict[str, Any] = self.ask("state")
        return state

    def left(self) -> dict[str, Any]:
        """What costs money or bars a name: the state without the group that docker-machine never deletes."""
        found = {}
        for region, holds in self.state().items():
            holds["groups"] = [name for name in holds["groups"] if name != MACHINES_GROUP]
            if any(holds.values()):
                found[region] = holds
        return found

    def add_host(
        self, name: str, *, fault: str = "", os: str = "debian", delay_s: float = 0.0
    ) -> tuple[str, Path]:
        """Boot a host that no cloud knows; return its address and the key that root there accepts."""
        address = self.ask("add_host", name=name, fault=fault, os=os, delay_s=delay_s)
        return str(address), self.folder / "id_rsa"

    def host(self, name: str) -> Host:
        """Return a host by its instance's id, or by the name that it was given."""
        return Host(bed=self, name=name)

    def kill_docker_machine_at(self, argv: str, line: str, *, how: signal.Signals = signal.SIGKILL) -> None:
        """Send docker-machine a signal when it prints a line, once; both are regular expressions."""
        self._order({"argv": argv, "line": line, "signal": int(how)})

    def kill_docker_machine_during(
        self, argv: str, operation: str, *, region: str, delay_s: float = 2.0
    ) -> None:
        """Kill docker-machine, once, while a call of it is in flight: it is carried out all the same."""
        self.fault(operation, region=region, delay_s=delay_s)
        self._order({"argv": argv, "met": operation, "region": region, "signal": int(signal.SIGKILL)})

    def _order(self, order: dict[str, Any]) -> None:
        path = self.folder / "kills" / f"{time.time_ns()}.json"
        path.with_suffix(".new").write_text(json.dumps(order), encoding="utf-8")
        path.with_suffix(".new").rename(path)

    def watch_for(self, values: Sequence[str]) -> None:
        """Let every run of docker-machine say where it saw one of these secrets: see `log`."""
        path = self.folder / "secrets.json"
        path.write_text(json.dumps([self.secret, *values]), encoding="utf-8")
        path.chmod(0o600)

    def keep_hosts_out(self, keep: bool) -> None:
        """Stand behind a NAT: hosts cannot begin connections to us, but for DNS; ours to them work."""
        rule = ["INPUT", "-i", "eth0", "-m", "conntrack", "--ctstate", "NEW", "-p", "tcp", "-j", "DROP"]
        run([*self.prefix, "iptables", "-F", "INPUT"])
        if keep:
            run([*self.prefix, "iptables", "-A", *rule])

    def empty(self) -> None:
        """End every instance and every host, and forget all else that the account holds."""
        self.ask("empty")

    def log(self) -> list[dict[str, Any]]:
        """Every call of the cloud, every run of docker-machine, every outside name, every host's events."""
        return self._record.read()

    def calls(self) -> set[str]:
        """Every call that was made since the bed came up, as an IAM policy names it: `ec2:RunInstances`."""
        return {f"{event['service']}:{event['call']}" for event in self.log() if "call" in event}

    def down(self) -> None:
        """Remove the bed and all that is in it; twice is once."""
        clear(self._ground)
        if self._cloud is not None:
            self._cloud.forget()

    def ask(self, what: str, **words: Any) -> Any:
        """Ask the cloud's desk; raises Refused, and OSError when the cloud is gone."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as desk:
            desk.settimeout(ANSWER_S)
            desk.connect(str(self.folder / "desk"))
            desk.sendall(json.dumps({"ask": what, "words": words}).encode() + b"\n")
            with desk.makefile("rb") as lines:
                answer = json.loads(lines.readline() or b'{"error": "the cloud died"}')
        if "error" in answer:
            raise Refused(answer["error"])
        return answer["answer"]

    def _wait(self, cloud: CloudProcess) -> None:
        until = time.monotonic() + BEGIN_S
        while True:
            with suppress(OSError):
                self.ask("ping")
                return
            if cloud.is_dead() or time.monotonic() > until:
                said = (self.folder / "cloud.log").read_text(encoding="utf-8")
                raise Refused(f"the cloud did not begin: {said[-2000:]}")
            time.sleep(0.05)
