"""The HTTP server of one process: started, told to stop, ended."""

import gc
import os
import resource
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import sqlalchemy as sa
import structlog
import uvicorn

from collector.app import create_app
from collector.settings import Settings
from collector.web.connections import Connection
from collector.web.state import Services

BACKLOG = 2048
KEEP_ALIVE_S = 65
"""Longer than proxies keep a connection idle (60 s is usual), so that the proxy is the one who closes it."""

MOST_FILES = 65_536
LAST_WORDS_S = 5.0
"""What a process takes to end, after its requests have ended."""


def run_server(settings: Settings, *, engine: sa.Engine, listener: socket.socket) -> None:
    """Answer requests until SIGTERM or SIGINT; what was accepted is finished."""
    allow_many_files()
    app = create_app(settings, engine=engine)
    look_for_cycles_less()
    server = Server(
        uvicorn.Config(
            app,
            http=Connection,
            access_log=False,
            log_config=None,
            # Whoever is behind a proxy is not believed: no decision is made from the peer.
            proxy_headers=False,
            server_header=False,
            backlog=BACKLOG,
            timeout_keep_alive=KEEP_ALIVE_S,
            timeout_graceful_shutdown=settings.stop_deadline_s,
        ),
        services=app.state.services,
    )
    with stopped_by_signals(server):
        server.run(sockets=[listener])


def look_for_cycles_less() -> None:
    """Let the garbage collector look for cycles after 50,000 new objects, not 700.

    An answer with a hundred thousand cells makes as many dictionaries and no cycle: each was looked at
    again and again, which took a third of the time. What is there at the start stays, and is left alone.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def end_now() -> None:
    """End the process where threads still wait for a database that does not answer.

    Python would wait for them; nobody else does any more.
    """
    end = time.monotonic() + 1.0
    for thread in threading.enumerate():
        if not thread.daemon and thread is not threading.main_thread():
            thread.join(max(0.0, end - time.monotonic()))
    if any(not thread.daemon and thread is not threading.main_thread() for thread in threading.enumerate()):
        structlog.get_logger("collector").warning("collector.left_waiting")
        sys.stderr.flush()
        os._exit(0)


def allow_many_files() -> None:
    """Raise the limit of open files, each connection being one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


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
