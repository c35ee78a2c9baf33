import os
import shutil
import socket
import ssl
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from orchestrator.errors import ConfigurationError
from orchestrator.places.deadline import Deadline
from orchestrator.places.engines.containers import open_engine
from orchestrator.places.engines.docker import LOCAL_ENGINE, DockerHosts, address_of
from orchestrator.places.engines.engine import EngineAddress, EngineUnreachable, HostGone, TlsFiles
from orchestrator.places.engines.ssh_tunnel import ssh_words
from orchestrator.places.place import NewHost
from tests.orchestrator.places.engines.an_engine import Way, engine_here, need_engine, until

HOST = "mill-a-7d444840-0f0f"


def a_host(**options: str) -> NewHost:
    return NewHost(name=HOST, tester="a", driver="docker", region="", fleet_id=UUID(int=7), options=options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"docker-hots": "x"}, "has no option `docker-hots`"),
        ({"docker-host": 7}, "it is not text"),
        ({"docker-host": "npipe:////./pipe/docker"}, "begins with none of unix://, tcp://, ssh://"),
        ({"docker-host": "/var/run/docker.sock"}, "begins with none of"),
        ({"docker-host": "unix://var/run/docker.sock"}, "three slashes"),
        ({"docker-host": "tcp://192.0.2.1:2375"}, "without TLS"),
        ({"docker-host": "tcp://127.0.0.1"}, "it has no port"),
        ({"docker-host": "tcp://127.0.0.1:port"}, "Port could not be cast"),
        ({"docker-host": "tcp://:2375"}, "it names no host"),
        ({"docker-host": "tcp://127.0.0.1:2375/x"}, "it has a path"),
        ({"docker-host": "ssh://ops:secret@example.net"}, "holds a password"),
        ({"docker-host": "ssh://-oProxyCommand=x"}, "it names no host"),
        ({"docker-host": "ssh://h", "docker-cert-path": "/nowhere"}, "goes with tcp:// alone"),
        ({"docker-host": "tcp://192.0.2.1:2376", "docker-cert-path": "/nowhere"}, "has no ca.pem"),
    ],
)
def test_an_engine_that_cannot_be_is_refused_before_anything_is_asked(
    options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigurationError, match=message) as refused:
        address_of(options)
    assert "secret" not in " ".join(refused.value.card)


def test_an_engine_is_the_local_one_where_nobody_names_another() -> None:
    assert address_of({}) == EngineAddress(url=LOCAL_ENGINE)


def test_ssh_is_told_user_and_port_and_takes_no_host_for_an_option() -> None:
    assert ssh_words("ssh://ops@example.net:2222") == ["-p", "2222", "-l", "ops", "--", "example.net"]
    assert ssh_words("ssh://[2001:db8::1]") == ["--", "2001:db8::1"]


def test_where_the_engine_is_outlives_the_fleet_file_and_is_nobody_elses(tmp_path: Path) -> None:
    need_engine()
    said: list[str] = []
    hosts = DockerHosts(root=tmp_path, environment={"DOCKER_HOST": "tcp://192.0.2.1:2375"})
    hosts.create(a_host(), say=said.append, deadline=Deadline.after(10))
    assert any("DOCKER_HOST is not read" in line for line in said)
    again = DockerHosts(root=tmp_path, environment={})
    assert again.engine(HOST) == EngineAddress(url=LOCAL_ENGINE)
    assert again.ssh_command(HOST) is None
    assert stat.S_IMODE((tmp_path / HOST / "engine.json").stat().st_mode) == 0o600
    again.remove(HOST, say=said.append, deadline=Deadline.after(10))
    again.remove(HOST, say=said.append, deadline=Deadline.after(10))
    assert not again.exists(HOST)
    with pytest.raises(HostGone):
        again.engine(HOST)


def test_an_engine_that_is_not_there_is_named_with_what_to_do(tmp_path: Path) -> None:
    hosts = DockerHosts(root=tmp_path, environment={})
    host = a_host(**{"docker-host": f"unix://{tmp_path}/no.sock"})
    with pytest.raises(EngineUnreachable) as away:
        hosts.create(host, say=print, deadline=Deadline.after(5))
    assert away.value.cause == "its socket is not there"
    assert "start docker" in away.value.next_step
    # `down` finds the way, and finds that nothing is there.
    assert hosts.exists(HOST)


def certificates(folder: Path) -> TlsFiles:
    if shutil.which("openssl") is None:
        pytest.skip("no openssl to make certificates")

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], check=True, cwd=folder, timeout=60, capture_output=True)

    openssl(
        *("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca-key.pem", "-out", "ca.pem"),
        *("-subj", "/CN=ca", "-addext", "keyUsage=critical,keyCertSign,digitalSignature"),
    )
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1\n")
    for name in ("server", "client"):
        openssl(
            *("req", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}-key.pem", "-out", f"{name}.csr"),
            *("-subj", f"/CN={name}"),
        )
        openssl(
            *("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca-key.pem"),
            *("-out", f"{name}.pem", "-extfile", "names"),
        )
    for old, new in (("client.pem", "cert.pem"), ("client-key.pem", "key.pem")):
        (folder / old).rename(folder / new)
    return TlsFiles(ca=folder / "ca.pem", cert=folder / "cert.pem", key=folder / "key.pem")


def test_tls_is_proved_by_both_ends_whatever_the_environment_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    need_engine()
    certificates(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(tmp_path / "ca.pem"))
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(tmp_path / "server.pem", tmp_path / "server-key.pem")
    other = tmp_path / "other"
    other.mkdir()
    strangers = certificates(other)
    # What requests would read by itself: a set of roots, a proxy, an engine.
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.setenv(name, str(strangers.ca))
    for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "DOCKER_HOST"):
        monkeypatch.setenv(name, "tcp://192.0.2.1:9")
    way = Way(tls=context)
    try:
        url = f"tcp://127.0.0.1:{way.port}"
        address = address_of({"docker-host": url, "docker-cert-path": str(tmp_path)})
        with engine_here(address) as engine:
            assert engine.container("no-such-container") is None
        stranger = EngineAddress(url=url, tls=strangers)
        with (
            pytest.raises(EngineUnreachable, match="cannot be reached") as refused,
            open_engine(stranger, name="x", deadline=Deadline.after(10)),
        ):
            pass
        assert "certificate" in refused.value.cause
    finally:
        way.close()


@contextmanager
def an_sshd(folder: Path) -> Iterator[int]:
    """An sshd on a port of the loopback that lets this user in by a key; ssh's own files are in `folder`."""
    sshd = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin")
    if sshd is None or shutil.which("ssh-keygen") is None:
        pytest.skip("no sshd to reach an engine by")
    for name in ("host", "user"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)], check=True)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    (folder / "authorized").write_bytes((folder / "user.pub").read_bytes())
    (folder / "config").write_text(
        f"ListenAddress 127.0.0.1\nPort {port}\nHostKey {folder}/host\nPidFile none\n"
        f"AuthorizedKeysFile {folder}/authorized\nStrictModes no\nUsePAM no\nPermitRootLogin yes\n"
    )
    Path("/run/sshd").mkdir(exist_ok=True)
    process = subprocess.Popen(
        [sshd, "-D", "-e", "-f", str(folder / "config")],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until(lambda: _listens(port))
        yield port
    finally:
        process.terminate()
        process.wait(timeout=60)


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def test_an_engine_is_reached_by_ssh_and_only_with_the_host_key_that_is_known(tmp_path: Path) -> None:
    need_engine()
    if os.geteuid() != 0:
        pytest.skip("no sshd of our own: it needs root")
    with an_sshd(tmp_path) as port:
        # ssh has its own idea of a user's home, so that the host is known by a name of this test.
        name = f"mill-{uuid4().hex[:12]}"
        known = tmp_path / "known"
        known.write_text(f"[127.0.0.1]:{port} {(tmp_path / 'host.pub').read_text()}")
        with a_name_for_ssh(
            f"Host {name}\n HostName 127.0.0.1\n Port {port}\n IdentityFile {tmp_path}/user\n"
            f" UserKnownHostsFile {known}\n"
        ):
            address = EngineAddress(url=f"ssh://{name}")
            before = sorted(Path(tempfile.gettempdir()).glob("orchestrate-ssh-*"))
            with engine_here(address) as engine:
                assert engine.container("no-such-container") is None
            assert sorted(Path(tempfile.gettempdir()).glob("orchestrate-ssh-*")) == before
            known.write_text("")
            with (
                pytest.raises(EngineUnreachable, match=f"{name} cannot be reached by ssh") as refused,
                open_engine(address, name="x", deadline=Deadline.after(20)),
            ):
                pass
            assert "Host key verification failed" in refused.value.cause


@contextmanager
def a_name_for_ssh(text: str) -> Iterator[None]:
    """Put a host into the configuration of ssh, in a file of its own, for the length of a test."""
    folder = Path("/etc/ssh/ssh_config.d")
    if not folder.is_dir():
        pytest.skip(f"ssh reads no {folder} here")
    path = folder / f"{uuid4().hex}.conf"
    path.write_text(text)
    try:
        yield
    finally:
        path.unlink()
