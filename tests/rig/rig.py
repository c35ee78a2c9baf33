"""The rig: a tester's end of a wire, and a responder at the other."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.rig.namespace import Namespace
from tests.rig.script import Script
from tests.rig.truth import Truth, read_truth

SOURCE = Path(__file__).parent / "responder" / "responder.c"
FRAMES = 32_768
"""Of 2 KiB: a second and a half at 20,000 packets a second."""
TICK_NS = 50_000
TESTER, WIRE, GATEWAY_MAC = "tester", "wire", "02:00:00:00:00:02"
COMMANDS = (
    "ip link set lo up",
    "sysctl -qw net.ipv6.conf.all.disable_ipv6=0 net.ipv6.conf.default.accept_dad=0",
    "sysctl -qw net.ipv4.ping_group_range=0\t2147483647",
    f"ip link add name {TESTER} type veth peer name {WIRE} netns PID",
    # Every address lies behind one gateway that is known: no ARP, and no table of 50,000 neighbours.
    f"ip addr add 192.0.2.1/30 dev {TESTER}",
    f"ip addr add 2001:db8::1/64 dev {TESTER} nodad",
    f"ip link set {TESTER} up",
)
NEIGHBOURS = (
    f"ip neigh add 192.0.2.2 lladdr {GATEWAY_MAC} dev {TESTER} nud permanent",
    f"ip neigh add 2001:db8::2 lladdr {GATEWAY_MAC} dev {TESTER} nud permanent",
)
ROUTES = (
    f"ip route add 198.18.0.0/15 via 192.0.2.2 dev {TESTER}",
    f"ip route add 2001:2::/48 via 2001:db8::2 dev {TESTER}",
)


def reason_against() -> str | None:
    """Return why there can be no rig on this machine, None where there can."""
    if os.geteuid() != 0:
        return "two network namespaces and raw frames need root"
    missing = [name for name in ("ip", "sysctl") if shutil.which(name) is None]
    if compiler() is None:
        missing.append("cc")
    if missing:
        return f"{' and '.join(missing)} are missing" if len(missing) > 1 else f"{missing[0]} is missing"
    try:
        Namespace().close()
    except OSError as error:
        return f"no network namespace here: {error.strerror}"
    return None


def compiler() -> str | None:
    """Return the C compiler."""
    return shutil.which("cc") or shutil.which("gcc")


def build(source: Path, *, into: Path) -> Path:
    """Compile a C program of one file; return it."""
    program = into / source.stem
    words = [compiler() or "cc", "-std=gnu11", "-O2", "-Wall", "-Wextra", "-o", str(program), str(source)]
    subprocess.run(words, check=True, timeout=120)
    return program


class Rig:
    """Two namespaces and a veth pair, with the responder at the far end.

    `load` a script, probe from `inside`, then ask for the `truth`.
    """

    def __init__(
        self, responder: Path, *, directory: Path, frames: int = FRAMES, tick_ns: int = TICK_NS
    ) -> None:
        self._directory = directory
        self._script: Script | None = None
        self._backlog_drops = 0
        self._namespace = Namespace()
        self._process = subprocess.Popen(
            [responder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        try:
            self._answer("apart")
            with self.inside():
                _run((*COMMANDS, *NEIGHBOURS), pid=self.pid)
                self._tell(f"up {WIRE} {frames} {tick_ns}")
                _run(ROUTES, pid=self.pid)
        except BaseException:
            self.close()
            raise

    @property
    def pid(self) -> int:
        """The responder."""
        return self._process.pid

    @property
    def descriptor(self) -> int:
        """The tester's end, as an open file of this process."""
        return self._namespace.descriptor

    def route(self) -> None:
        """Set the way to the IPv4 addresses again: an interface that goes down forgets it."""
        commands = [command.replace(" add ", " replace ") for command in (*NEIGHBOURS, *ROUTES)]
        with self.inside():
            _run([command for command in commands if "2001:" not in command], pid=self.pid)

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Be at the tester's end."""
        with self._namespace.inside():
            yield

    def load(self, script: Script) -> None:
        """Begin anew: nothing has been sent yet."""
        path = self._directory / "script"
        path.write_bytes(script.to_bytes())
        self._tell(f"load {path}")
        self._script = script
        self._backlog_drops = _backlog_drops()

    def truth(self) -> Truth:
        """Return what went over the wire since `load`, once the responder has sent all that is due."""
        assert self._script is not None, "nothing was loaded"
        path = self._directory / "log"
        self._tell(f"save {path}")
        dropped = _backlog_drops() - self._backlog_drops
        troubles = [f"{dropped} packets were dropped in this machine's backlog"] if dropped else []
        try:
            return read_truth(self._script, path, troubles=troubles)
        finally:
            path.unlink()

    def close(self) -> None:
        """End the responder; the kernel takes the rest down."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._namespace.close()

    def _tell(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        self._answer("done")

    def _answer(self, expected: str) -> None:
        assert self._process.stdout is not None
        answer = self._process.stdout.readline()
        if answer.strip() != expected:
            raise RuntimeError(f"the responder ended with {self._process.wait(5)}, see its stderr")


def _run(commands: Sequence[str], *, pid: int) -> None:
    for command in commands:
        words = [str(pid) if word == "PID" else word for word in command.split(" ")]
        subprocess.run(words, check=True, timeout=10)


def _backlog_drops() -> int:
    """Return how many packets the kernel threw away between driver and protocol, on all processors."""
    lines = Path("/proc/net/softnet_stat").read_text(encoding="ascii").splitlines()
    return sum(int(line.split()[1], 16) for line in lines)
