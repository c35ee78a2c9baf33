"""Real Docker engines, and ways to them that can be cut."""

import os
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from orchestrator.errors import OrchestratorError
from orchestrator.places.deadline import Deadline
from orchestrator.places.engines.containers import Engine, open_engine
from orchestrator.places.engines.docker import LOCAL_ENGINE
from orchestrator.places.engines.engine import EngineAddress
from orchestrator.places.images.image import image_of

BASE = os.environ.get("TEST_BASE_IMAGE", "base:bookworm")
"""An image with Python and pip that the engine has: there is no registry in tests."""

HERE = EngineAddress(url=LOCAL_ENGINE)


def soon() -> Deadline:
    return Deadline.after(120)


def until(is_so: Callable[[], object], *, within_s: float = 20.0) -> None:
    end = time.monotonic() + within_s
    while not is_so():
        assert time.monotonic() < end, "it did not become so"
        time.sleep(0.05)


def need_engine(*, base: bool = False) -> None:
    try:
        with open_engine(HERE, name="this machine", deadline=Deadline.after(60)) as engine:
            if base and image_of(engine, BASE) is None:
                pytest.skip(f"no image {BASE} on the Docker engine, and no registry to pull one from")
    except OrchestratorError as error:
        pytest.skip(f"no Docker engine: {error.what} ({error.cause})")


@contextmanager
def engine_here(address: EngineAddress = HERE) -> Iterator[Engine]:
    with open_engine(address, name="this machine", deadline=soon(), ping_s=60.0) as engine:
        yield engine


class Way:
    """A port of the loopback that leads to an engine's socket, until it is cut or frozen."""

    def __init__(self, *, tls: ssl.SSLContext | None = None, silent: bool = False) -> None:
        self._tls = tls
        self._silent = silent
        self._frozen = threading.Event()
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.most_bytes: int | None = None
        self._run(self._accept)

    @property
    def address(self) -> EngineAddress:
        return EngineAddress(url=f"tcp://127.0.0.1:{self.port}")

    def freeze(self) -> None:
        """Let connections be, and say nothing more."""
        self._frozen.set()

    def cut(self) -> None:
        """Close everything, as a machine does whose power fails."""
        for each in [self._listener, *self._open]:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def close(self) -> None:
        self.cut()
        for thread in self._threads:
            thread.join(timeout=5)
        # One that was on its way when everything was cut.
        self.cut()

    def _run(self, target: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(near)
            if not self._silent:
                self._run(self._join, near)

    def _join(self, near: socket.socket) -> None:
        try:
            if self._tls is not None:
                near = self._tls.wrap_socket(near, server_side=True)
                self._open.append(near)
            far = socket.socket(socket.AF_UNIX)
            self._open.append(far)
            far.connect(LOCAL_ENGINE.removeprefix("unix://"))
        except OSError:
            near.close()
            return
        self._run(self._copy, near, far, False)
        self._copy(far, near, True)

    def _copy(self, source: socket.socket, sink: socket.socket, counted: bool) -> None:
        total = 0
        try:
            while data := source.recv(16_384):
                total += len(data)
                if counted and self.most_bytes is not None and total > self.most_bytes:
                    sink.close()
                    return
                if self._frozen.is_set():
                    return
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            return


@contextmanager
def another_engine() -> Iterator[EngineAddress]:
    """A second engine of this machine, with nothing in it."""
    dockerd, unshare = shutil.which("dockerd"), shutil.which("unshare")
    if dockerd is None or unshare is None or os.geteuid() != 0:
        pytest.skip("no second Docker engine: it needs dockerd, unshare, and root")
    folder = Path(tempfile.mkdtemp(prefix="engine-", dir="/var/tmp"))
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [
                # In a network of its own: without a bridge, it would take the first engine's away.
                *(unshare, "--net", dockerd),
                *("--host", f"unix://{folder}/socket", "--data-root", f"{folder}/data"),
                *("--exec-root", f"{folder}/exec", "--pidfile", f"{folder}/pid"),
                *("--bridge", "none", "--iptables=false", "--ip6tables=false", "--storage-driver", "vfs"),
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        address = EngineAddress(url=f"unix://{folder}/socket")
        for _ in range(200):
            with suppress(OrchestratorError), engine_here(address):
                break
            if process.poll() is not None:
                pytest.skip(f"no second Docker engine: dockerd ended: {(folder / 'log').read_text()[-300:]}")
            time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=60)
        subprocess.run(
            ["umount", "-R", "-q", str(folder / "data")], check=False, timeout=20, capture_output=True
        )
        shutil.rmtree(folder, ignore_errors=True)
