"""The door to a Docker engine: containers, volumes, and the files in them."""

import base64
import http.client
import json
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, cast

import requests
import urllib3
from docker import APIClient
from docker.errors import APIError, DockerException, NotFound
from docker.tls import TLSConfig

from orchestrator.errors import OrchestratorError
from orchestrator.events import printable
from orchestrator.places.deadline import Deadline
from orchestrator.places.engines.engine import EngineAddress, EngineUnreachable
from orchestrator.places.engines.ssh_tunnel import reached
from orchestrator.places.place import Said

PING_S = 10.0
"""How long an engine may take over its first answer, where nobody says otherwise."""

CALL_S = 60.0
"""How long an engine that has answered may be silent within one call: disks are slow at times."""

FIRST_API = "1.41"
"""Docker 20.10; which version an engine speaks is asked before anything else is."""

EXEC_LOOK_S = 0.05
CHUNK_BYTES = 65_536
FAILURES = (
    DockerException,
    requests.RequestException,
    urllib3.exceptions.HTTPError,
    http.client.HTTPException,
    OSError,
    ValueError,
)
"""All that the SDK lets through when an engine refuses, is away, or is no engine."""


class EngineRefused(OrchestratorError):
    """The engine does not do what it was asked; `status` is HTTP's."""

    card_code = "engine-refused"

    def __init__(self, what: str, cause: str = "", next_step: str = "", *, status: int = 0) -> None:
        super().__init__(what, cause, next_step)
        self.status = status


class _Client(APIClient):
    """The SDK's client, deaf to the environment (`REQUESTS_CA_BUNDLE`, proxies, .netrc)."""

    def __init__(self, address: EngineAddress, *, timeout_s: float) -> None:
        self._streams: list[requests.Response] = []
        self._is_local = address.url.startswith("unix://")
        tls: TLSConfig | bool = False
        if address.tls is not None:
            cert = (str(address.tls.cert), str(address.tls.key))
            tls = TLSConfig(client_cert=cert, ca_cert=str(address.tls.ca), verify=True)
        super().__init__(base_url=address.url, version=FIRST_API, timeout=timeout_s, tls=tls)  # type: ignore[arg-type]  # requests takes a float
        self.trust_env = False

    def speak(self, version: str) -> None:
        """Use a version of the API."""
        self._version = version

    def _set_auth_headers(self, headers: dict[str, str]) -> None:
        """Tell a build this user's credentials for registries, but never to another machine."""
        if self._is_local:
            super()._set_auth_headers(headers)  # type: ignore[misc]  # not in the stubs

    def request(self, *arguments: Any, **options: Any) -> requests.Response:
        """Send a request; the SDK asks for some without any timeout."""
        if options.get("timeout") is None:
            options["timeout"] = self.timeout
        answer = super().request(*arguments, **options)
        if options.get("stream"):
            self._streams.append(answer)
        return answer

    def close(self) -> None:
        """Close everything: the SDK forgets an answer of which something went wrong."""
        for answer in self._streams:
            answer.close()
        super().close()


class Engine:
    """An engine that answers; every call ends with the deadline.

    Calls raise `EngineUnreachable` or `EngineRefused`.
    """

    def __init__(self, client: APIClient, *, url: str, name: str, deadline: Deadline) -> None:
        self.client = client
        self.url = url
        self.name = name
        self.deadline = deadline

    @contextmanager
    def asking(self, *, silence_s: float = CALL_S) -> Iterator[None]:
        """Let the engine be silent no longer than the deadline allows, and name what goes wrong."""
        left_s = self.deadline.left_s
        if left_s <= 0:
            raise EngineUnreachable(
                f"the Docker engine of {self.name} was not done in time", cause="the deadline is over"
            )
        self.client.timeout = min(silence_s, left_s)  # type: ignore[assignment]  # requests takes a float
        try:
            yield
        except FAILURES as error:
            raise failure_of(error, name=self.name) from None

    def container(self, name: str) -> dict[str, Any] | None:
        """Return what the engine knows of a container, None where there is none."""
        with self.asking():
            try:
                return cast("dict[str, Any]", self.client.inspect_container(name))
            except NotFound:
                return None

    def has_init(self) -> bool:
        """Return whether the engine has a first process to offer to containers."""
        with self.asking():
            parts = self.client.version().get("Components") or []
        versions = [part.get("Version") for part in parts if part.get("Name") == "docker-init"]
        return any(version not in (None, "", "N/A") for version in versions)

    def create_volume(self, name: str, *, labels: Mapping[str, str]) -> None:
        """Create a volume; one that exists stays as it is."""
        with self.asking():
            self.client.create_volume(name, labels=dict(labels))

    def create_container(self, name: str, config: Mapping[str, Any]) -> None:
        """Create a container from the API's own description of it."""
        with self.asking():
            self.client.create_container_from_config(dict(config), name=name)  # type: ignore[no-untyped-call]  # not in the stubs

    def start(self, name: str) -> None:
        """Start a container; one that runs stays as it is."""
        with self.asking():
            self.client.start(name)

    def stop(self, name: str, *, patience_s: float) -> None:
        """Send SIGTERM, and SIGKILL after `patience_s`; one that does not run, or is gone, is well."""
        seconds = int(min(patience_s, max(0.0, self.deadline.left_s - 1)))
        with self.asking():
            try:
                self.client.stop(name, timeout=seconds)
            except NotFound:
                return

    def remove_container(self, name: str) -> None:
        """Remove a container, running or not; one that is gone is well."""
        with self.asking():
            try:
                self.client.remove_container(name, force=True)
            except NotFound:
                return

    def remove_volume(self, name: str) -> None:
        """Remove a volume; one that is gone is well."""
        with self.asking():
            try:
                self.client.remove_volume(name)
            except NotFound:
                return

    def put_archive(self, container: str, path: str, archive: bytes) -> None:
        """Write what a tar holds below `path`."""
        with self.asking():
            self.client.put_archive(container, path, archive)

    def modified(self, container: str, path: str) -> str | None:
        """Return when a file of a container was last written, None where there is no such file."""
        with self.asking():
            answer = self.client.head(self._archive_url(container), params={"path": path})
            answer.close()
            if answer.status_code == requests.codes.not_found:
                return None
            answer.raise_for_status()
            stat = json.loads(base64.b64decode(answer.headers["X-Docker-Container-Path-Stat"]))
            return str(stat["mtime"])

    @contextmanager
    def archive(self, container: str, path: str) -> Iterator[Iterator[bytes]]:
        """Open a tar of a path of a container, chunk by chunk; raise FileNotFoundError."""
        with self.asking():
            answer = self.client.get(self._archive_url(container), params={"path": path}, stream=True)
        with answer:
            if answer.status_code == requests.codes.not_found:
                raise FileNotFoundError(path)
            with self.asking():
                answer.raise_for_status()
            yield self.chunks(answer.iter_content(CHUNK_BYTES))

    def chunks(self, stream: Iterator[bytes]) -> Iterator[bytes]:
        """Return a stream of the engine's, its errors being ours and its end the deadline's."""
        while True:
            with self.asking():
                chunk = next(stream, b"")
            if not chunk:
                return
            yield chunk

    def output(self, container: str, argv: Sequence[str]) -> Said:
        """Run a program in a running container and return what it wrote, bounded by the deadline."""
        with self.asking(silence_s=self.deadline.left_s):
            made = self.client.exec_create(container, list(argv))
            stdout, stderr = self.client.exec_start(made["Id"], demux=True)
            code = self.client.exec_inspect(made["Id"])["ExitCode"]
        return Said(
            code=1 if code is None else int(code),
            stdout=(stdout or b"").decode(errors="replace"),
            stderr=(stderr or b"").decode(errors="replace"),
        )

    def execute(self, container: str, argv: Sequence[str]) -> int:
        """Run a program in a running container and return its exit code."""
        with self.asking():
            made = self.client.exec_create(container, list(argv), stdout=False, stderr=False)
            # Attached, the SDK would wait for output without any end.
            self.client.exec_start(made["Id"], detach=True)
        while True:
            with self.asking():
                state = self.client.exec_inspect(made["Id"])
            if not state["Running"] and state["ExitCode"] is not None:
                return int(state["ExitCode"])
            time.sleep(EXEC_LOOK_S)

    def log(self, container: str, *, lines: int | None = None) -> bytes:
        """Return what a container wrote, or its last lines; nothing where there is no container."""
        with self.asking():
            try:
                return bytes(self.client.logs(container, tail="all" if lines is None else lines))
            except NotFound:
                return b""

    def _archive_url(self, container: str) -> str:
        return f"{self.client.base_url}/v{self.client.api_version}/containers/{container}/archive"


@contextmanager
def open_engine(
    address: EngineAddress, *, name: str, deadline: Deadline, ping_s: float = PING_S
) -> Iterator[Engine]:
    """Connect to an engine, in the newest version of the API that it speaks; raise `EngineUnreachable`.

    `name` is what errors call it, `ping_s` how long its first answer may take.
    """
    with reached(address, deadline=deadline) as near:
        try:
            _knock(near, within_s=min(ping_s, max(0.1, deadline.left_s)))
            client = _Client(near, timeout_s=ping_s)
        except FAILURES as error:
            raise failure_of(error, name=name) from None
        try:
            engine = Engine(client, url=address.url, name=name, deadline=deadline)
            with engine.asking(silence_s=ping_s):
                client.speak(str(client.version(api_version=False)["ApiVersion"]))
            yield engine
        finally:
            client.close()


def _knock(address: EngineAddress, *, within_s: float) -> None:
    """See that a socket of this machine is there: the SDK leaves open what it could not connect."""
    if address.url.startswith("unix://"):
        with socket.socket(socket.AF_UNIX) as knocking:
            knocking.settimeout(within_s)
            knocking.connect(address.url.removeprefix("unix://"))


def failure_of(error: Exception, *, name: str) -> EngineUnreachable | EngineRefused:
    """Return the error that a person can act on."""
    said = printable(str(error))
    if isinstance(error, APIError) and error.response is not None:
        said = printable(str(error.explanation or error.response.reason or said))
        return EngineRefused(
            f"the Docker engine of {name} refused: {said}", status=int(error.response.status_code)
        )
    what, next_step = f"the Docker engine of {name} cannot be reached", ""
    if isinstance(error, requests.exceptions.SSLError) or "certificate" in said.lower():
        cause, next_step = f"its certificate does not fit ours: {said}", "see that the right ca.pem is used"
    elif (
        isinstance(error, requests.Timeout | urllib3.exceptions.TimeoutError | TimeoutError)
        or "timed out" in said
    ):
        cause = "it does not answer"
    elif "Permission denied" in said:
        cause, next_step = (
            "this user may not use its socket",
            "sudo usermod -aG docker $USER, then log in anew",
        )
    elif "No such file" in said:
        cause, next_step = "its socket is not there", "start Docker: sudo systemctl start docker"
    elif "refused" in said:
        cause = "nobody listens there"
    else:
        cause = said
    return EngineUnreachable(what, cause=cause, next_step=next_step)
