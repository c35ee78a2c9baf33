"""Entry of the `orchestrate` program: reads the world, runs one command, says how it ended."""

import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence

import click

from orchestrator.cli import cli, show_failure
from orchestrator.errors import NO_ROOM, NoRoom, OrchestratorError
from orchestrator.settings import Edge, read_settings

INTERRUPTED = 130


def main(argv: Sequence[str] | None = None, *, after_journal_write: Callable[[], None] | None = None) -> int:
    """Run one command line and return its exit code (see `orchestrator.errors` for the codes)."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    for stream in (sys.stdout, sys.stderr):
        # A terminal in the C locale must not turn a tester's name into a traceback.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        edge = Edge(
            settings=read_settings(os.environ),
            environment=os.environ,
            command_line=tuple(arguments),
            after_journal_write=after_journal_write,
        )
        code = cli.main(arguments, prog_name="orchestrate", standalone_mode=False, obj=edge)
        sys.stdout.flush()
    except OrchestratorError as error:
        show_failure(error)
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        if threading.current_thread() is threading.main_thread():
            # One more, while we are on the way out, would end it with a traceback.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        sys.stderr.write("\ninterrupted\n")
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of our output went away (`orchestrate report matrix | head`): that is its right.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        show_failure(NoRoom.of(error))
        return NoRoom.exit_code
    return code if isinstance(code, int) else 0


if __name__ == "__main__":
    sys.exit(main())
