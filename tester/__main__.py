"""The edge: arguments, environment, streams and signals come in here."""

import argparse
import io
import os
import signal
import sys
from types import FrameType
from typing import TextIO

from tester.errors import TesterError


def main() -> None:
    """Run the tester and leave with its exit code."""
    # What is no text on stdin is one bad line, not the end.
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="replace")
    code = _exit_code()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            _let_go(stream)
    sys.exit(code)


def _exit_code() -> int:
    from tester.arguments import read_arguments

    try:
        settings = read_arguments(sys.argv[1:], os.environ)
        if settings.command == "check":
            from tester.commands.check import check

            return check(settings, stdout=sys.stdout)
        return _commanded(settings)
    except TesterError as error:
        sys.stderr.write(f"tester: {error}\n")
        return error.exit_code
    except BrokenPipeError:
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("tester: left at once; what was spooled stays in the spool\n")
        return 130


def _let_go(stream: TextIO) -> None:
    """Drop what a stream cannot get rid of: Python would complain of it once more at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _commanded(settings: argparse.Namespace) -> int:
    from tester.stop import Stop

    stop = Stop()

    def asked(number: int, _frame: FrameType | None) -> None:
        if stop.requested:
            raise KeyboardInterrupt
        stop.request(interrupted=number == signal.SIGINT)

    signal.signal(signal.SIGTERM, asked)
    signal.signal(signal.SIGINT, asked)
    if settings.command == "deliver":
        from tester.commands.deliver import deliver

        return deliver(settings, stdout=sys.stdout, stderr=sys.stderr, stop=stop)
    if settings.command == "trace":
        from tester.commands.trace import trace

        return trace(settings, stdout=sys.stdout, stop=stop)
    from tester.commands.run import run

    return run(
        settings,
        environment=os.environ,
        stdin=sys.stdin,
        stdout=sys.stdout,
        stderr=sys.stderr,
        stop=stop,
    )


if __name__ == "__main__":
    main()
