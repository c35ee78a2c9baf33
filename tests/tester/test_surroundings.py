"""Gateways and metadata services, as far as there are some."""

import http.server
import json
import os
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tester import surroundings
from tester.engine.choose import open_engine
from tester.engine.engine import Address
from tester.stop import Stop
from tester.surroundings import cloud_host_by, gateway_in, surroundings_of
from tests.rig.namespace import Namespace
from tests.rig.rig import reason_against

HEAD = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
LAN = "eth0\t0000A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
AWAY = "eth0\t00000000\t0100A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
LINK_LOCAL = "fe800000000000000000000000000001"
AWAY6 = f"{'0' * 32} 00 {'0' * 32} 00 {LINK_LOCAL} 00000400 00000001 00000000 00000003 eth0\n"


def test_the_gateway_is_that_of_the_default_route() -> None:
    assert gateway_in(HEAD + LAN + AWAY, "") == Address(text="192.168.0.1", family=4)
    assert gateway_in(HEAD + LAN, AWAY6) == Address(text="fe80::1%eth0", family=6)
    assert gateway_in(HEAD + LAN, "") is None
    assert gateway_in("", "") is None


@pytest.mark.root
def test_a_gateway_that_answers_has_an_rtt() -> None:
    if (reason := reason_against()) is not None:
        pytest.skip(reason)
    here, router, stop = Namespace(), Namespace(), Stop()
    try:
        there = f"/proc/{os.getpid()}/fd/{router.descriptor}"
        with here.inside():
            run("ip link set lo up", f"ip link add out type veth peer name in netns {there}")
            run("ip addr add 192.0.2.1/24 dev out", "ip link set out up")
        with router.inside():
            run("ip addr add 192.0.2.2/24 dev in", "ip link set in up")
        with here.inside():
            run("ip route add default via 192.0.2.2")
            found = surroundings_of(open_engine(), stop=stop)
    finally:
        stop.close()
        here.close()
        router.close()

    assert found["cloud_host"] is None
    assert found["gateway_us"]["answered"] == 5


def run(*commands: str) -> None:
    for command in commands:
        subprocess.run(command.split(), check=True, timeout=10)


def test_without_a_pinger_nobody_is_asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(surroundings, "VENDOR", tmp_path / "none")
    stop = Stop()
    assert surroundings_of(None, stop=stop) == {"gateway_us": None, "cloud_host": None}
    stop.close()


class Imds(http.server.BaseHTTPRequestHandler):
    """A metadata service that answers nobody without a token."""

    document = json.dumps({"instanceType": "t3.micro", "availabilityZone": "eu-west-1a"})

    def do_PUT(self) -> None:
        assert self.headers["X-aws-ec2-metadata-token-ttl-seconds"]
        self.reply(200, "secret" if self.path == "/latest/api/token" else "")

    def do_GET(self) -> None:
        known = self.headers["X-aws-ec2-metadata-token"] == "secret"
        self.reply(200 if known else 401, self.document if known else "")

    def reply(self, status: int, body: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def imds() -> Iterator[int]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Imds) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


def test_the_metadata_service_tells_type_and_zone(imds: int) -> None:
    assert cloud_host_by("127.0.0.1", port=imds) == {"instance_type": "t3.micro", "zone": "eu-west-1a"}


@pytest.mark.parametrize("document", ["", "[]", "{}", "null", "\u00e4"])
def test_rubbish_from_the_metadata_service_is_nothing(
    imds: int, monkeypatch: pytest.MonkeyPatch, document: str
) -> None:
    monkeypatch.setattr(Imds, "document", document)

    assert cloud_host_by("127.0.0.1", port=imds) is None


def test_no_metadata_service_is_nothing(imds: int) -> None:
    assert cloud_host_by("127.0.0.1", port=9) is None
