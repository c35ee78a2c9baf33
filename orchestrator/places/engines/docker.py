"""Hosts of the driver `docker`: engines that exist, which we only borrow."""

import ipaddress
import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from orchestrator.errors import ConfigurationError
from orchestrator.fleet.nearest import did_you_mean
from orchestrator.places.deadline import Deadline
from orchestrator.places.engines.containers import open_engine
from orchestrator.places.engines.engine import EngineAddress, HostGone, TlsFiles
from orchestrator.places.engines.ssh_tunnel import ssh_words
from orchestrator.places.files import write_whole
from orchestrator.places.place import LOOPBACK, NewHost, Say

LOCAL_ENGINE = "unix:///var/run/docker.sock"
HOST, CERT_PATH = "docker-host", "docker-cert-path"
OPTIONS = (HOST, CERT_PATH)
SCHEMES = ("unix", "tcp", "ssh")
TLS_PORT = 2376
VERSION = 1


class DockerHosts:
    """The driver `docker`; each host's `engine.json` below `root` says where its engine is."""

    def __init__(self, *, root: Path, environment: Mapping[str, str]) -> None:
        self._root = root
        self._environment = environment

    def prepare(self, *, deadline: Deadline) -> None:
        """Do nothing: these engines are there."""

    def create(self, host: NewHost, *, say: Say, deadline: Deadline) -> None:
        """Write down where the engine is, and see that it answers."""
        address = address_of(host.options)
        if HOST not in host.options and self._environment.get("DOCKER_HOST"):
            say(f"Using {LOCAL_ENGINE}: DOCKER_HOST is not read, the option {HOST} is")
        path = self._path(host.name)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(path, json.dumps(_written(address)).encode())
        with open_engine(address, name=host.name, deadline=deadline):
            say("Docker answers")

    def engine(self, host_name: str) -> EngineAddress:
        """Return where the host's engine answers; raise `HostGone`."""
        try:
            return _read(json.loads(self._path(host_name).read_bytes()))
        except (OSError, ValueError, KeyError, TypeError):
            raise HostGone(f"nothing is known of the engine of {host_name}") from None

    def exists(self, host_name: str) -> bool:
        """Return whether something is known of the host."""
        return self._path(host_name).exists()

    def remove(self, host_name: str, *, say: Say, deadline: Deadline) -> None:  # noqa: ARG002 - the hosts' interface
        """Forget the engine: it is somebody's own."""
        self._path(host_name).unlink(missing_ok=True)

    def address(self, host_name: str) -> str | None:
        """Return the host in the engine's URL, the loopback for the engine of this machine.

        A TCP port of the loopback may lead anywhere, so that nobody knows that host's address.
        """
        try:
            parts = urlsplit(self.engine(host_name).url)
        except HostGone:
            return None
        if parts.scheme == "unix":
            return LOOPBACK
        return None if parts.hostname is None or _is_loopback(parts.hostname) else parts.hostname

    def admit(self, host_names: Sequence[str], *, addresses: Collection[str]) -> None:
        """Do nothing: who may reach an engine's machine is not ours to say."""

    def tend(self, host_names: Sequence[str], *, deadline: Deadline) -> dict[str, str]:  # noqa: ARG002 - as above
        """Return nothing: no host is made here."""
        return {}

    def taken_back(self, host_names: Sequence[str]) -> dict[str, str]:  # noqa: ARG002 - as above
        """Return nothing: no host is made here."""
        return {}

    def ssh_command(self, host_name: str) -> list[str] | None:
        """Return the command that opens a shell there, None where the engine is reached without ssh."""
        parts = urlsplit(self.engine(host_name).url)
        if parts.scheme != "ssh":
            return None
        return ["ssh", *ssh_words(parts.geturl())]

    def _path(self, host_name: str) -> Path:
        return self._root / host_name / "engine.json"


def address_of(options: Mapping[str, Any]) -> EngineAddress:
    """Return the engine that a tester's options name; raise `ConfigurationError`."""
    for name in options:
        if name not in OPTIONS:
            raise ConfigurationError(
                f"the driver `docker` has no option `{name}`",
                cause=did_you_mean(str(name), OPTIONS) or "",
                next_step=f"its options are {' and '.join(OPTIONS)}",
            )
    url = options.get(HOST, LOCAL_ENGINE)
    if not isinstance(url, str):
        raise _bad(url, "it is not text")
    cert_path = options.get(CERT_PATH)
    _refuse_bad_url(url, has_tls=cert_path is not None)
    return EngineAddress(url=url, tls=None if cert_path is None else _tls(Path(str(cert_path)).expanduser()))


def _refuse_bad_url(url: str, *, has_tls: bool) -> None:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise _bad(url, str(error)) from None
    if parts.scheme not in SCHEMES:
        raise _bad(url, f"it begins with none of {', '.join(f'{scheme}://' for scheme in SCHEMES)}")
    if parts.password is not None:
        raise ConfigurationError(f"`{HOST}` holds a password", next_step="use a key: ssh reads ~/.ssh/config")
    if parts.query or parts.fragment:
        raise _bad(url, "it has a query or a fragment")
    if has_tls and parts.scheme != "tcp":
        raise _bad(url, f"`{CERT_PATH}` goes with tcp:// alone")
    if parts.scheme == "unix":
        if parts.netloc or not parts.path.startswith("/"):
            raise _bad(url, "write unix:///PATH, with three slashes")
        return
    if not parts.hostname or parts.hostname.startswith("-"):
        raise _bad(url, "it names no host")
    if parts.path.strip("/"):
        raise _bad(url, "it has a path")
    if parts.scheme == "tcp" and port is None:
        raise _bad(url, f"it has no port; with TLS that is {TLS_PORT}")
    if parts.scheme == "tcp" and not has_tls and not _is_loopback(parts.hostname):
        raise _bad(
            url,
            "without TLS everybody between here and there may use that engine, and read the tester's token",
            next_step=f"set `{CERT_PATH}` to a folder with ca.pem, cert.pem and key.pem, or use ssh://",
        )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _tls(folder: Path) -> TlsFiles:
    files = TlsFiles(
        ca=folder.absolute() / "ca.pem",
        cert=folder.absolute() / "cert.pem",
        key=folder.absolute() / "key.pem",
    )
    for path in (files.ca, files.cert, files.key):
        if not path.is_file():
            raise ConfigurationError(
                f"`{CERT_PATH}` has no {path.name}: {folder}",
                next_step="name the folder with ca, cert and key",
            )
    return files


def _bad(url: object, why: str, *, next_step: str = "") -> ConfigurationError:
    return ConfigurationError(
        f"`{HOST}: {url}` is not where an engine is: {why}",
        next_step=next_step or f"write {LOCAL_ENGINE}, ssh://USER@HOST or tcp://HOST:{TLS_PORT}",
    )


def _written(address: EngineAddress) -> dict[str, Any]:
    tls = address.tls
    files = None if tls is None else {"ca": str(tls.ca), "cert": str(tls.cert), "key": str(tls.key)}
    return {"v": VERSION, "url": address.url, "tls": files}


def _read(value: dict[str, Any]) -> EngineAddress:
    tls = value["tls"]
    files = (
        None if tls is None else TlsFiles(ca=Path(tls["ca"]), cert=Path(tls["cert"]), key=Path(tls["key"]))
    )
    return EngineAddress(url=str(value["url"]), tls=files)
