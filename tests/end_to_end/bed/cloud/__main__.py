"""The process of a bed's cloud: EC2, DNS and the desk, until the one who made the bed is gone."""

import argparse
import json
import logging
import os
import signal
import ssl
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from werkzeug.serving import WSGIRequestHandler, make_server

from tests.end_to_end.bed.certificates import CERTIFICATE, KEY
from tests.end_to_end.bed.cloud import launches, names
from tests.end_to_end.bed.cloud.account import Account
from tests.end_to_end.bed.cloud.desk import Desk
from tests.end_to_end.bed.cloud.faults import Faults
from tests.end_to_end.bed.cloud.front import Front
from tests.end_to_end.bed.cloud.instances import EC2, Instances
from tests.end_to_end.bed.cloud.keyring import Keyring
from tests.end_to_end.bed.engine import SOCKET
from tests.end_to_end.bed.environment import ACCESS_KEY
from tests.end_to_end.bed.ground import LABEL, Ground, clear
from tests.end_to_end.bed.hosts import Hosts
from tests.end_to_end.bed.record import Record


class Quiet(WSGIRequestHandler):
    """Keeps connections open, as EC2 does, and writes no log of its own."""

    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - werkzeug's own name
        """Say nothing: calls are in the record."""


def watch_shutdowns(ground: Ground, instances: Instances) -> "subprocess.Popen[str]":
    """Follow the engine's events: a host whose first process ends well was shut down from inside."""
    events = subprocess.Popen(
        [
            # Ends with us, whatever ends us.
            *("setpriv", "--pdeathsig", "KILL", "docker", "-H", SOCKET, "events", "--format", "{{json .}}"),
            *("--filter", f"label={LABEL}={ground.name}", "--filter", "event=die"),
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )

    def follow() -> None:
        assert events.stdout is not None
        for line in events.stdout:
            told = json.loads(line)["Actor"]["Attributes"]
            if told.get("exitCode") == "0":
                instances.shut_down(told[f"{LABEL}.host"])

    threading.Thread(target=follow, daemon=True).start()
    return events


def main() -> None:
    """Serve until told to stop (TERM), or until `--life` is closed: then the bed is cleared as well."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--image", required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--life", type=int)
    options = parser.parse_args()
    logging.getLogger("werkzeug").setLevel(logging.ERROR)

    ground = Ground.read(options.folder)
    record, faults = Record(ground.folder), Faults()
    hosts = Hosts(ground=ground, image=options.image, data=options.data, record=record)
    instances = Instances(ground=ground, hosts=hosts, faults=faults, record=record)
    instances.install()
    account = Account(keys=Keyring(ACCESS_KEY))
    launches.install(EC2, account)
    desk = Desk(
        ground=ground, hosts=hosts, faults=faults, account=account, instances=instances, record=record
    )
    encrypted = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    encrypted.load_cert_chain(ground.folder / "tls" / CERTIFICATE, ground.folder / "tls" / KEY)
    front = make_server(
        ground.address,
        443,
        Front(account=account, faults=faults, instances=instances, record=record),
        threaded=True,
        request_handler=Quiet,
        ssl_context=encrypted,
    )
    resolver = names.server(address=ground.address, record=record)
    for serve in (resolver.serve_forever, front.serve_forever, desk.server().serve_forever):
        threading.Thread(target=serve, daemon=True).start()
    events = watch_shutdowns(ground, instances)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        if options.life is None:
            signal.pause()
        # The other end is never written to: it is read to its end when its owner dies.
        os.read(options.life, 1)
        clear(ground)
    finally:
        events.kill()


if __name__ == "__main__":
    main()
