import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from orchestrator.places.deadline import Deadline
from orchestrator.places.engines.engine import EngineAddress, TlsFiles
from orchestrator.places.engines.ping import NoAnswer, ping
from tests.orchestrator.places.machine.a_machine import an_engine_for, hosts_of, real_program, soon


@pytest.fixture
def tls(tmp_path: Path) -> TlsFiles:
    """Certificates of a store, as docker-machine makes them."""
    hosts = hosts_of(real_program(), tmp_path)
    with an_engine_for(hosts, tmp_path):
        return hosts.store.tls("nobody")


@contextmanager
def somebody(answer: bytes | None) -> Iterator[str]:
    """Let somebody take connections on loopback who is no engine: he says something, or nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        ending = threading.Event()

        def serve() -> None:
            server.settimeout(0.05)
            while not ending.is_set():
                with suppress(OSError):
                    taken, _ = server.accept()
                    with taken:
                        if answer is not None:
                            taken.sendall(answer)
                        else:
                            ending.wait(20)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"tcp://127.0.0.1:{server.getsockname()[1]}"
        finally:
            ending.set()
            thread.join()


def test_an_engine_with_our_authority_answers(tmp_path: Path) -> None:
    hosts = hosts_of(real_program(), tmp_path)
    with an_engine_for(hosts, tmp_path) as url:
        ping(EngineAddress(url=url, tls=hosts.store.tls("nobody")), deadline=soon())


def test_another_authoritys_engine_is_none(tmp_path: Path, tls: TlsFiles) -> None:
    (tmp_path / "other").mkdir()
    other = hosts_of(real_program(), tmp_path / "other")
    with (
        an_engine_for(other, tmp_path / "other") as url,
        pytest.raises(NoAnswer, match="certificate was not accepted"),
    ):
        ping(EngineAddress(url=url, tls=tls), deadline=soon())


def test_who_takes_a_connection_and_says_nothing_costs_no_more_than_the_deadline(tls: TlsFiles) -> None:
    with somebody(None) as url:
        begun = time.monotonic()
        with pytest.raises(NoAnswer):
            ping(EngineAddress(url=url, tls=tls), deadline=Deadline.after(0.3))
        assert time.monotonic() - begun < 10


def test_who_speaks_no_tls_is_no_engine(tls: TlsFiles) -> None:
    with somebody(b"SSH-2.0-OpenSSH_9.2\r\n") as url, pytest.raises(NoAnswer):
        ping(EngineAddress(url=url, tls=tls), deadline=soon())


def test_nobody_there_is_told(tls: TlsFiles) -> None:
    with pytest.raises(NoAnswer, match="Connection refused"):
        ping(EngineAddress(url="tcp://127.0.0.1:1", tls=tls), deadline=soon())


@pytest.mark.parametrize("url", ["unix:///x.sock", "ssh://a@b", "tcp://"])
def test_only_tcp_is_asked(tls: TlsFiles, url: str) -> None:
    with pytest.raises(NoAnswer, match="is no tcp"):
        ping(EngineAddress(url=url, tls=tls), deadline=soon())
