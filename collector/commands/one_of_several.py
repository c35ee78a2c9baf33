"""One of the processes of `collector serve --workers N`; started by `collector.commands.several` only."""

import os
import pickle
import shutil
import signal
import socket
import sys
import threading
import time
from contextlib import suppress

import structlog

from collector.commands.opened import opened
from collector.commands.server import LAST_WORDS_S, end_now, run_server
from collector.commands.several import METRICS_VARIABLE
from collector.errors import CollectorError
from collector.logs import write_json_lines
from collector.settings import Settings


def main() -> None:
    """Serve on an inherited socket; the settings come through stdin, which ends with the parent."""
    descriptor, number = (int(word) for word in sys.argv[1:3])
    # What comes through the pipe is the parent's, and nobody else has its other end.
    settings = pickle.load(sys.stdin.buffer)  # noqa: S301
    assert isinstance(settings, Settings)
    write_json_lines(process=number)
    orphaned = threading.Event()
    threading.Thread(
        target=_end_with_parent, args=(orphaned, settings.stop_deadline_s), name="parent", daemon=True
    ).start()
    try:
        with socket.socket(fileno=descriptor) as listener, opened(settings, warns=False) as engine:
            run_server(settings, engine=engine, listener=listener)
    except CollectorError as error:
        structlog.get_logger("collector").error("process.failed", reason=str(error))
        sys.exit(error.exit_code)
    finally:
        if orphaned.is_set():
            # Its owner is gone.
            shutil.rmtree(os.environ.get(METRICS_VARIABLE, ""), ignore_errors=True)
    end_now()


def _end_with_parent(orphaned: threading.Event, deadline_s: float) -> None:
    with suppress(OSError):
        # Below the buffered stream: a thread that waits in it would hold its lock at the end.
        while os.read(0, 1_000):
            pass
    orphaned.set()
    structlog.get_logger("collector").error("process.orphaned")
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(deadline_s + LAST_WORDS_S)
    os._exit(1)


if __name__ == "__main__":
    main()
