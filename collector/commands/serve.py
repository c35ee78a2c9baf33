"""`collector serve`."""

import errno
import os
import socket
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import click
import structlog

from collector.commands.opened import make_current, opened
from collector.commands.server import BACKLOG, end_now, run_server
from collector.commands.several import Processes, metrics_directory
from collector.errors import ConfigurationError
from collector.ingest.legacy import legacy_tester
from collector.logs import write_json_lines
from collector.session import parsed_url
from collector.settings import MOST_WORKERS, Settings, read_settings


@click.command()
@click.option("--host", metavar="ADDRESS", help="The address to bind.  [default: 127.0.0.1]")
@click.option("--port", type=click.IntRange(0, 65_535), help="0 for any free one.  [default: 9090]")
@click.option("--database-url", metavar="URL", help="sqlite:////path or postgresql://…")
@click.option("--public-read", is_flag=True, default=None, help="Reading needs no token, wherever bound.")
@click.option(
    "--workers",
    metavar="N",
    type=click.IntRange(1, MOST_WORKERS),
    help="Processes that share the port; Postgres only.  [default: 1]",
)
@click.option("--migrate", "may_migrate", is_flag=True, help="Bring the database up to date first.")
@click.pass_obj
def serve(
    environment: dict[str, str],
    host: str | None,
    port: int | None,
    database_url: str | None,
    public_read: bool | None,
    workers: int | None,
    may_migrate: bool,
) -> None:
    """Take reports and answer questions until told to stop (SIGTERM, Ctrl-C)."""
    settings = read_settings(
        environment,
        database_url=database_url,
        host=host,
        port=port,
        public_read=public_read,
        workers=workers,
    )
    check_workers(settings)
    if settings.alerts_file is not None:
        from collector.alerts.file import read_rules

        settings = replace(settings, alerts=read_rules(Path(settings.alerts_file), environment))
    write_json_lines()
    log = structlog.get_logger("collector")
    of_alerts = () if settings.alerts is None else settings.alerts.open_secrets
    for sentence in (*settings.open_secrets, *of_alerts):
        log.warning("secret.open", reason=sentence)
    # Bound before the database is touched: a port that is taken is found out without any effect.
    with bound(settings) as listener, opened(settings, warns=False) as engine:
        make_current(engine, may_migrate=may_migrate)
        if settings.legacy_tester is not None:
            legacy_tester(engine, settings.legacy_tester, now=datetime.now(UTC))
        url = url_of(listener)
        log.info(
            "collector.serving",
            url=url,
            database=engine.dialect.name,
            instance_id=str(settings.instance_id),
            pid=os.getpid(),
            workers=settings.workers,
        )
        if settings.workers == 1:
            run_server(settings, engine=engine, listener=listener)
        else:
            engine.dispose()
            with metrics_directory() as metrics:
                Processes(settings, listener=listener, metrics=metrics).run()
    log.info("collector.stopped", url=url)
    end_now()


def check_workers(settings: Settings) -> None:
    """Raise `ConfigurationError` for several processes on a database that has one writer at a time."""
    if settings.workers > 1 and parsed_url(settings.database_url).get_backend_name() == "sqlite":
        raise ConfigurationError(
            f"--workers {settings.workers} needs Postgres: an SQLite file has one writer at a time, so more "
            "processes would only wait for each other",
            hint="leave --workers out, or name a Postgres with --database-url",
        )


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
