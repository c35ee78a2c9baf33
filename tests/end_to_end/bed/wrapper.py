"""Stands before the real docker-machine in a bed: records each run, and can kill it at a line.

It is copied into a bed's folder, `bin/docker-machine`, and finds the bed by its own path: it gets a scrubbed
environment. It stands alone: it imports nothing of the project.
"""

import ctypes
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import IO, Any

BED = Path(__file__).resolve().parent.parent
PR_SET_PDEATHSIG = 1


def record(**facts: Any) -> None:
    line = json.dumps({"at": round(time.time(), 3), **facts}) + "\n"
    descriptor = os.open(BED / "record.jsonl", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(descriptor, line.encode())
    os.close(descriptor)


def armed(argv: str) -> "dict[str, Any] | None":
    """Return the order to kill that fits, None for none; each is carried out once, by whoever takes it."""
    for path in sorted((BED / "kills").glob("*.json")):
        try:
            order: dict[str, Any] = json.loads(path.read_text())
            if re.search(order["argv"], argv):
                path.rename(path.with_suffix(".taken"))
                return order
        except FileNotFoundError:
            # Another run of docker-machine took it.
            continue
    return None


def leaks(environment: dict[str, str]) -> dict[str, list[str]]:
    """Return where the secrets that the bed watches for are seen: in argv, and in which variables."""
    watched = BED / "secrets.json"
    values = json.loads(watched.read_text()) if watched.exists() else []
    in_argv = [word.split("=")[0] for word in sys.argv[1:] if any(value in word for value in values)]
    in_environment = [name for name, held in environment.items() if any(value in held for value in values)]
    return {"secret_in_argv": in_argv, "secret_in_environment": sorted(in_environment)}


def follow(
    stream: IO[bytes], out: IO[bytes], child: "subprocess.Popen[bytes]", order: dict[str, Any]
) -> None:
    """Pass on what the child prints, and kill it at the line."""
    for raw in stream:
        out.write(raw)
        out.flush()
        if re.search(order["line"], raw.decode(errors="replace")):
            child.send_signal(order["signal"])


def await_call(child: "subprocess.Popen[bytes]", order: dict[str, Any]) -> None:
    """Kill the child when the bed's record says that the call has met its fault."""
    with (BED / "record.jsonl").open() as events:
        events.seek(0, os.SEEK_END)
        while child.poll() is None:
            for line in events:
                event = json.loads(line)
                if (event.get("met"), event.get("region")) == (order["met"], order["region"]):
                    child.send_signal(order["signal"])
            time.sleep(0.02)


def begin(command: list[str], *, piped: bool) -> "subprocess.Popen[bytes]":
    """Start the real one; it dies when this program is killed, and meets a terminal's Ctrl-C by itself."""
    libc, parent = ctypes.CDLL(None), os.getpid()

    def prepare() -> None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    pipe = subprocess.PIPE if piped else None
    child = subprocess.Popen(command, stdout=pipe, stderr=pipe, preexec_fn=prepare)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda caught, _: child.send_signal(caught))
    return child


def main() -> None:
    argv = sys.argv[1:]
    began = time.time()
    order = armed(" ".join(argv))
    child = begin(
        [(BED / "docker-machine.path").read_text(), *argv], piped=order is not None and "line" in order
    )
    facts: dict[str, Any] = {"docker_machine": argv, "store": os.environ.get("MACHINE_STORAGE_PATH")}
    facts |= leaks(dict(os.environ))
    record(**facts, began=True, environment=sorted(os.environ), pid=child.pid)
    if order is not None and "line" in order:
        for stream, out in ((child.stdout, sys.stdout.buffer), (child.stderr, sys.stderr.buffer)):
            assert stream is not None
            threading.Thread(target=follow, args=(stream, out, child, order)).start()
    elif order is not None:
        threading.Thread(target=await_call, args=(child, order)).start()
    code = child.wait()
    seconds = round(time.time() - began, 3)
    record(**facts, exit=code, seconds=seconds, killed_by_bed=order is not None and code < 0)
    if code < 0:
        # Dies as it died, so that the caller sees the same signal.
        if code != -signal.SIGKILL:
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    sys.exit(code)


main()
