"""What a person at a terminal sees while a run goes on."""

import fcntl
import os
import pty
import re
import struct
import sys
import termios
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PLAN = ("--count", "40", "--interval", "50ms")


def typed(*arguments: str, columns: int = 100, lines: int = 20, term: str = "xterm") -> tuple[str, int]:
    """Return what a tester writes to a terminal, and its exit code."""
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(ROOT)
        size = struct.pack("HHHH", lines, columns, 0, 0)
        fcntl.ioctl(0, termios.TIOCSWINSZ, size)
        environment = {"PATH": os.environ["PATH"], "TERM": term, "HOME": os.environ.get("HOME", "/")}
        os.execve(sys.executable, [sys.executable, "-m", "tester", *arguments], environment)
    written = b""
    while True:
        try:
            chunk = os.read(terminal, 65_536)
        except OSError:
            break
        if not chunk:
            break
        written += chunk
    os.close(terminal)
    return written.decode().replace("\r\n", "\n"), os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def frames(written: str) -> list[str]:
    """Return what was drawn, picture by picture; the last is what stays."""
    return re.split(r"\x1b\[\d+F\x1b\[J", written)


def test_rows_are_redrawn_in_place_and_end_as_the_table() -> None:
    written, code = typed("run", "--host", "127.0.0.1", "--host", "::1", *PLAN)
    drawn = frames(written)

    assert code == 0
    assert len(drawn) > 4
    sent = [int(re.findall(r"(\d+) of 80 probes sent", frame)[0]) for frame in drawn[:-1] if frame]
    assert sent == sorted(sent)
    assert 0 < sent[0] < 80
    assert "127.0.0.1" in drawn[1]
    assert "\x1b" not in drawn[-1]
    assert drawn[-1].splitlines()[0].startswith("SERVER")
    assert "run 1 of 1, complete" in drawn[-1]


def test_lines_are_never_longer_than_the_terminal_is_wide() -> None:
    written, _ = typed("run", "--host", "127.0.0.1", *PLAN, columns=50)

    assert max(len(line) for frame in frames(written)[:-1] for line in frame.splitlines()) < 50


def test_more_rows_than_lines_show_the_worst_that_fit() -> None:
    hosts = [word for number in range(1, 31) for word in ("--host", f"127.0.8.{number}")]
    written, _ = typed("run", *hosts, *PLAN, lines=12)
    drawn = frames(written)

    assert all(len(frame.splitlines()) <= 10 for frame in drawn[:-1])
    assert "the worst 8 of 30" in drawn[1]
    assert len(drawn[-1].splitlines()) == 32


def test_thousands_of_rows_are_a_sum(tmp_path: Path) -> None:
    servers = tmp_path / "servers"
    servers.write_text("".join(f"127.9.{number // 250}.{1 + number % 250}\n" for number in range(2_000)))
    written, _ = typed("run", "--servers", str(servers), "--count", "3", "--interval", "500ms")
    drawn = frames(written)

    assert all(len(frame.splitlines()) <= 1 for frame in drawn[:-1])
    assert re.search(r"[\d,]+ of 6,000 probes sent, [\d,]+ answered", drawn[1])


@pytest.mark.parametrize("arguments", [(), ("--output", "json"), ("--engine", "icmplib")])
def test_nothing_is_redrawn_on_a_dumb_terminal_as_data_or_where_it_would_disturb(
    arguments: tuple[str, ...],
) -> None:
    term = "xterm" if arguments else "dumb"
    written, code = typed("run", "--host", "127.0.0.1", *PLAN, *arguments, term=term)

    assert code == 0
    assert "\x1b" not in written
