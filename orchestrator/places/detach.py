"""Starts a program that outlives us: `python detach.py LOG PROGRAM [ARGUMENT …]`.

Run as a script of its own, by path. It forks, so that the program is nobody's child who would have
to reap it, leads a session of its own, reads nothing, and writes to LOG. The pid goes to stdout.
"""

import os
import sys


def main(arguments: list[str]) -> int:
    """Start the program and return at once."""
    log_path, *argv = arguments
    log = os.open(log_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    # Close-on-exec tells success (the pipe closes empty) from a program that could not be started.
    failure_read, failure_write = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.setsid()
            os.dup2(nothing, 0)
            os.dup2(log, 1)
            os.dup2(log, 2)
            os.execv(argv[0], argv)  # noqa: S606 - a list, and no shell is wanted
        except OSError as error:
            os.write(failure_write, f"{argv[0]}: {error.strerror}".encode())
        os._exit(127)
    os.close(failure_write)
    if failure := os.read(failure_read, 1000):
        sys.stderr.write(failure.decode(errors="replace") + "\n")
        return 1
    sys.stdout.write(f"{pid}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
