"""Gives a message to a program: no shell, JSON on its stdin, an end that is sure."""

import json
import os
import selectors
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress

from collector.alerts.deliveries import Outcome
from collector.alerts.message import Message, first_line, plain
from collector.alerts.rules import Command

PASSED_ON = ("PATH", "HOME", "LANG", "TZ", "TMPDIR")
"""What a program gets of our environment, which holds secrets."""

TAIL = 300
LOOK_EVERY_S = 0.05


def run(command: Command, message: Message, *, stopping: Callable[[], bool] = lambda: False) -> Outcome:
    """Run a program with a message; whatever it has started ends with it."""
    # Files, since a program that does not read would keep us waiting in a pipe.
    with tempfile.TemporaryFile() as given:
        given.write(json.dumps(message).encode() + b"\n")
        given.seek(0)
        try:
            process = subprocess.Popen(  # noqa: S603 - a list from the file of alerts, without a shell
                command.run,
                stdin=given,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                env=environment_of(message),
                cwd="/",
                start_new_session=True,
            )
        except OSError as error:
            return Outcome(delivered=False, note=f"it cannot be run: {os.strerror(error.errno or 0)}")
    try:
        in_time, said = _watched(process, timeout_s=command.timeout_s, stopping=stopping)
    finally:
        # Also after a good end: what it left behind in its group has no business any more.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        assert process.stderr is not None
        process.stderr.close()
    if not in_time:
        why = "the collector stops" if stopping() else f"it took longer than {command.timeout_s:g} s"
        return Outcome(delivered=False, note=f"{why}, and was killed")
    tail = plain(said.decode("utf-8", "replace").strip().replace("\n", " "))
    note = f"exit code {process.returncode}" + (f": {tail}" if tail else "")
    return Outcome(delivered=process.returncode == 0, note=note)


def environment_of(message: Message) -> dict[str, str]:
    """Return the environment of the program."""
    passed = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    return passed | {
        "ALERT_ID": str(message["id"]),
        "ALERT_STATUS": str(message["status"]),
        "ALERT_RULE": str(message.get("rule", "")),
        "ALERT_FLEET": plain(str(message.get("fleet", ""))),
        "ALERT_SUMMARY": first_line(message),
    }


def _watched(
    process: subprocess.Popen[bytes], *, timeout_s: float, stopping: Callable[[], bool]
) -> tuple[bool, bytes]:
    """Wait for a program's end; return whether it came in time, and the last that it complained of."""
    assert process.stderr is not None
    until = time.monotonic() + timeout_s
    said = b""
    with selectors.DefaultSelector() as selector:
        selector.register(process.stderr, selectors.EVENT_READ)
        heard = True
        while True:
            ended = process.poll() is not None
            if heard and selector.select(0 if ended else LOOK_EVERY_S):
                piece = os.read(process.stderr.fileno(), 4_096)
                said = (said + piece)[-TAIL:]
                heard = bool(piece)
            elif ended:
                return True, said
            elif not heard:
                time.sleep(LOOK_EVERY_S)
            if not ended and (time.monotonic() >= until or stopping()):
                return False, said
