"""`collector serve`."""

import errno
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from types import FrameType

import click
import structlog
import uvicorn

from collector.app import create_app
from collector.commands.opened import make_current, opened
from collector.errors import ConfigurationError
from collector.ingest.legacy import legacy_tester
from collector.logs import write_json_lines
from collector.settings import Settings, read_settings
from collector.web.state import Services

BACKLOG = 2048


@click.command()
@click.option("--host", metavar="ADDRESS", help="The address to bind.  [default: 127.0.0.1]")
@click.option("--port", type=click.IntRange(0, 65_535), help="0 for any free one.  [default: 9090]")
@click.option("--database-url", metavar="URL", help="sqlite:////path or postgresql://…")
@click.option("--public-read", is_flag=True, default=None, help="Reading needs no token, wherever bound.")
@click.option("--migrate", "may_migrate", is_flag=True, help="Bring the database up to date first.")
@click.pass_obj
def serve(
    environment: dict[str, str],
    host: str | None,
    port: int | None,
    database_url: str | None,
    public_read: bool | None,
    may_migrate: bool,
) -> None:
    """Take reports and answer questions until told to stop (SIGTERM, Ctrl-C)."""
    settings = read_settings(
        environment, database_url=database_url, host=host, port=port, public_read=public_read
    )
    write_json_lines()
    # Bound before the database is touched: a port that is taken is found out without any effect.
    listener = bound(settings)
    with listener, opened(settings) as engine:
        make_current(engine, may_migrate=may_migrate)
        if settings.legacy_tester is not None:
            legacy_tester(engine, settings.legacy_tester, now=datetime.now(UTC))
        app = create_app(settings, engine=engine)
        server = Server(
            uvicorn.Config(
                app,
                access_log=False,
                log_config=None,
                # Whoever is behind a proxy is not believed: no decision is made from the peer.
                proxy_headers=False,
                server_header=False,
                backlog=BACKLOG,
                timeout_graceful_shutdown=settings.stop_deadline_s,
            ),
            services=app.state.services,
        )
        url = url_of(listener)
        structlog.get_logger("collector").info(
            "collector.serving",
            url=url,
            database=engine.dialect.name,
            instance_id=str(settings.instance_id),
            pid=os.getpid(),
        )
        with stopped_by_signals(server):
            server.run(sockets=[listener])
    structlog.get_logger("collector").info("collector.stopped", url=url)


@contextmanager
def stopped_by_signals(server: uvicorn.Server) -> Iterator[None]:
    """Let a server that was told to stop end with exit code 0.

    uvicorn raises the signal once more when it has stopped, for whoever handled it before.
    """

    def leave(_signal: int, _frame: FrameType | None) -> None:
        if not server.started:
            raise SystemExit(0)

    before = {number: signal.signal(number, leave) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class Server(uvicorn.Server):
    """Tells event streams of the end, which would otherwise hold it up."""

    def __init__(self, config: uvicorn.Config, *, services: Services) -> None:
        super().__init__(config)
        self._services = services

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to stop: what was accepted is finished."""
        self._services.stopping.set()
        super().handle_exit(sig, frame)


def bound(settings: Settings) -> socket.socket:
    """Return a socket that is bound to the settings' address; raise `ConfigurationError`."""
    host, port = settings.host.strip("[]"), settings.port
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except (OSError, UnicodeError):
        # UnicodeError: a part of the name is longer than names may be.
        raise ConfigurationError(
            f"{host} is not an address of this machine", hint="choose one with --host"
        ) from None
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        # Bound is not yet owned: of two programs that share an address, one listens.
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise _cannot_bind(error, host=host, port=port) from None
    return listener


def url_of(listener: socket.socket) -> str:
    """Return the address that a socket listens at."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _cannot_bind(error: OSError, *, host: str, port: int) -> ConfigurationError:
    if error.errno == errno.EADDRINUSE:
        return ConfigurationError(f"port {port} is taken by another program", hint="choose one with --port")
    if error.errno == errno.EACCES:
        return ConfigurationError(f"port {port} is not allowed to this user", hint="choose one with --port")
    if error.errno == errno.EADDRNOTAVAIL:
        return ConfigurationError(f"{host} is not an address of this machine", hint="choose one with --host")
    return ConfigurationError(f"{host} port {port} cannot be bound: {error.strerror}")
