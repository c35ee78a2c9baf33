"""The log's lines stay whole though several processes share one stderr."""

import json
import socket
import subprocess
import sys

SPEAK = """
import logging
import structlog
from collector.logs import write_json_lines
write_json_lines(process=1)
structlog.get_logger("collector").error("process.orphaned")
logging.getLogger("somebody.else").warning("heard")
"""


def test_every_line_is_one_write() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)  # one message for every write
    with ours, theirs:
        # Unbuffered, as containers run it: whatever is written apart arrives apart.
        subprocess.run([sys.executable, "-u", "-c", SPEAK], stderr=theirs.fileno(), check=True)
        theirs.close()
        writes = list(iter(lambda: ours.recv(65_536), b""))

    assert [json.loads(line)["event"] for line in writes] == ["process.orphaned", "heard"]
    assert all(line.endswith(b"\n") and line.count(b"\n") == 1 for line in writes)
