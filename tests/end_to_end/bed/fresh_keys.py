"""A credential_process of the bed: prints keys that were issued this moment.

It is told for how many seconds they shall be good. It is copied into a bed's folder, `bin/fresh-keys`, and
finds the bed by its own path. It stands alone: it imports nothing of the project.
"""

import json
import socket
import sys
from pathlib import Path

BED = Path(__file__).resolve().parent.parent


def main() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as desk:
        desk.connect(str(BED / "desk"))
        question = {"ask": "issue_keys", "words": {"life_s": float(sys.argv[1])}}
        desk.sendall(json.dumps(question).encode() + b"\n")
        with desk.makefile("rb") as lines:
            answer = json.loads(lines.readline())
    if "error" in answer:
        sys.exit(answer["error"])
    sys.stdout.write(json.dumps(answer["answer"]))


main()
