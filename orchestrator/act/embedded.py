"""The collector that the orchestrator runs itself, where a fleet names none."""

import json
import secrets
import socket
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from orchestrator.collector_client import CollectorClient, CollectorError, Health
from orchestrator.errors import ConfigurationError, OrchestratorError
from orchestrator.places import processes
from orchestrator.places.deadline import Deadline
from orchestrator.places.files import write_whole
from orchestrator.places.shell import python_command, start

LOOPBACK = "127.0.0.1"
START_S = 60.0
STOP_S = 20.0
ASK_S = 3.0
PAUSE_S = 0.05
FREE_PORT_TRIES = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """Who the embedded collector of a fleet is, written before it is started.

    The instance id stays the same for life: what answers with it on the port is ours, whoever
    started it, and anything else there is a stranger.
    """

    instance_id: str
    port: int


class EmbeddedCollector:
    """The embedded collector of one fleet; its database survives it."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    @property
    def database(self) -> Path:
        """The SQLite file with the results."""
        return self._directory / "collector.sqlite3"

    @property
    def log(self) -> Path:
        """What the collector wrote."""
        return self._directory / "collector.log"

    @property
    def has_results(self) -> bool:
        """Whether there is a database to open."""
        return self.database.exists()

    @property
    def is_alive(self) -> bool:
        """Whether a process of it exists, answering or not."""
        return bool(processes.with_arguments(self._database_url))

    def admin_token(self) -> str:
        """Return the admin token; it is minted at the first time of asking."""
        path = self._directory / "admin_token"
        if not path.exists():
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_whole(path, secrets.token_urlsafe(32).encode() + b"\n")
        return path.read_text(encoding="ascii").strip()

    def running_url(self) -> str | None:
        """Return the URL at which it answers, None where it does not."""
        record = self._record()
        if record is None or not self._answers(record.port, record.instance_id):
            return None
        return url_of(record.port)

    def up(self, *, port: int) -> tuple[str, bool]:
        """Have it run on `port` of the loopback; return its URL and whether it was started just now.

        Raise `ConfigurationError` where another program has the port, `OrchestratorError` where it
        does not come up.
        """
        record = self._record()
        if record is not None and self._is_alive_on(record.port):
            if record.port == port and self._wait(record, deadline=Deadline.after(START_S)):
                return url_of(port), False
            self._stop(self._database_url, _port_argument(record.port))
        check_port_is_free(port)
        self._start(Record(instance_id=record.instance_id if record else str(uuid4()), port=port), keep=True)
        return url_of(port), True

    def up_for_now(self) -> str:
        """Start it on a port that happens to be free, to be stopped by the same command."""
        record = self._record()
        instance_id = record.instance_id if record else str(uuid4())
        for attempt in range(1, FREE_PORT_TRIES + 1):
            port = free_port()
            try:
                self._start(Record(instance_id=instance_id, port=port), keep=False)
            except OrchestratorError:
                if attempt == FREE_PORT_TRIES:
                    raise
            else:
                return url_of(port)
        raise AssertionError("the last attempt raises")

    def down(self) -> None:
        """Stop it, and see that it is gone; one that a killed command had opened for now as well."""
        self._stop(self._database_url)

    def _stop(self, *arguments: str) -> None:
        if not processes.stop(*arguments, deadline=Deadline.after(STOP_S), patience_s=STOP_S):
            raise OrchestratorError(
                "the embedded collector is still there",
                cause="its process did not end, not even by SIGKILL",
                next_step=f"pkill -KILL -f {self._database_url}",
            )

    @property
    def _database_url(self) -> str:
        return f"sqlite:///{self.database}"

    def _start(self, record: Record, *, keep: bool) -> None:
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.admin_token()
        if keep:
            body = {"instance_id": record.instance_id, "port": record.port}
            write_whole(self._directory / "record.json", json.dumps(body).encode())
        command = python_command(
            "collector",
            "serve",
            "--host",
            LOOPBACK,
            _port_argument(record.port),
            "--database-url",
            self._database_url,
        )
        settings = {
            "COLLECTOR_INSTANCE_ID": record.instance_id,
            "COLLECTOR_ADMIN_TOKEN_FILE": str(self._directory / "admin_token"),
        }
        start(command, log=self.log, extra=settings)
        if not self._wait(record, deadline=Deadline.after(START_S)):
            said = self._last_words()
            self._stop(self._database_url, _port_argument(record.port))
            raise OrchestratorError(
                f"the embedded collector did not come up on port {record.port}",
                cause=said or "it said nothing",
                next_step=f"look at {self.log}",
            )

    def _wait(self, record: Record, *, deadline: Deadline) -> bool:
        """Wait until it answers; return False when it is gone, or when the time is over."""
        while not deadline.is_over:
            if self._answers(record.port, record.instance_id):
                return True
            if not self._is_alive_on(record.port):
                return False
            time.sleep(PAUSE_S)
        return False

    def _is_alive_on(self, port: int) -> bool:
        return bool(processes.with_arguments(self._database_url, _port_argument(port)))

    def _answers(self, port: int, instance_id: str) -> bool:
        health = health_at(port)
        return health is not None and health.instance_id == instance_id

    def _record(self) -> Record | None:
        try:
            body = json.loads((self._directory / "record.json").read_bytes())
            return Record(instance_id=str(body["instance_id"]), port=int(body["port"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _last_words(self) -> str:
        with suppress(OSError):
            lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
            return next((line.strip() for line in reversed(lines) if line.strip()), "")
        return ""


def _port_argument(port: int) -> str:
    return f"--port={port}"


def url_of(port: int) -> str:
    """Return the URL of an embedded collector."""
    return f"http://{LOOPBACK}:{port}"


def health_at(port: int) -> Health | None:
    """Return what a collector on a port of the loopback says of itself, None where there is none."""
    try:
        with CollectorClient(url_of(port), deadline_s=ASK_S) as client:
            return client.healthz(deadline_s=ASK_S, tries=1)
    except CollectorError:
        return None


def check_port_is_free(port: int) -> None:
    """Raise `ConfigurationError` where another program has the port."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            raise _port_taken(port, reason=error.strerror or str(error)) from None


def free_port() -> int:
    """Return a port of the loopback that nobody has at this moment."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def _port_taken(port: int, *, reason: str) -> ConfigurationError:
    if health_at(port) is not None:
        cause = "a collector that is not this fleet's answers there"
    else:
        cause = f"it cannot be bound on {LOOPBACK}: {reason}"
    other = port + 1 if port < 65_535 else 9090
    return ConfigurationError(
        f"port {port} is taken by another program",
        cause=cause,
        next_step=f"choose another in fleet.yaml: `collector: {{port: {other}}}`",
    )
