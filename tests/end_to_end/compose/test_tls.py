"""The profile `tls`: a proxy with a certificate in front of the collector."""

import re
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx2 as httpx
import pytest

from tests.end_to_end.compose.stack import Stack
from tests.end_to_end.conftest import Place, wait_until

pytestmark = [pytest.mark.xdist_group("compose"), pytest.mark.root]

CAP_NET_BIND_SERVICE = 10
ROOT_CERTIFICATE = "/data/caddy/pki/authorities/local/root.crt"
FLEET = """
version: 1
name: sealed
defaults: {probe: {count: 3, interval: 20ms, timeout: 500ms, ip: "4"}}
testers: [{name: desk}]
servers: [{name: loop, host: 127.0.0.1}]
run: {repeat: 2, every: 1s}
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sealed:
    """The stack behind its proxy, under a name that its own authority has signed."""

    stack: Stack
    port: int
    plain_port: int
    authority: Path

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}"

    def client(self) -> httpx.Client:
        """Return a client that believes this proxy's authority alone."""
        context = ssl.create_default_context(cafile=str(self.authority))
        return httpx.Client(base_url=self.url, verify=context, timeout=30, trust_env=False)

    def answers(self) -> bool:
        try:
            with self.client() as client:
                return client.get("/readyz").status_code == 200
        except httpx.TransportError:
            return False

    def up(self, *words: str) -> None:
        """Start the proxy as docs/compose.md tells a person to, on ports that are free here."""
        published = {
            "COLLECTOR_DOMAIN": "localhost",
            "TLS_PUBLISH": f"127.0.0.1:{self.port}",
            "HTTP_PUBLISH": f"127.0.0.1:{self.plain_port}",
        }
        self.stack.compose("--profile", "tls", "up", "-d", *words, "proxy", extra=published)


def free_ports(count: int) -> list[int]:
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(each.getsockname()[1]) for each in held]
    for each in held:
        each.close()
    return ports


@pytest.fixture(scope="module")
def sealed(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sealed]:
    """The proxy, up and answering."""
    port, plain_port = free_ports(2)
    authority = tmp_path_factory.mktemp("tls") / "root.crt"
    found = Sealed(stack=stack, port=port, plain_port=plain_port, authority=authority)
    found.up("--wait")
    authority.write_text(stack.compose("exec", "-T", "proxy", "cat", ROOT_CERTIFICATE).stdout)
    wait_until(found.answers)
    yield found
    stack.compose("rm", "-s", "-f", "proxy")


def test_a_sweep_its_reports_and_its_events_go_through_the_proxy_by_tls(sealed: Sealed, place: Place) -> None:
    place.fleet(FLEET)
    place.environment["ORCHESTRATE_COLLECTOR_URL"] = sealed.url
    place.environment["ORCHESTRATE_ADMIN_TOKEN"] = sealed.stack.secret("admin_token")
    place.environment["SSL_CERT_FILE"] = str(sealed.authority)

    swept = place.run("sweep")

    assert swept.returncode == 0, swept.stderr
    assert f"check collector ok: {sealed.url}" in swept.stderr
    assert [run["state"] for run in sealed.stack.runs("sealed")] == ["complete"] * 2
    # An open stream says at once what it has: nothing between holds it back.
    reader = ("reader", sealed.stack.secret("reader_token"))
    with sealed.client() as client, client.stream("GET", "/api/v1/events?after=0", auth=reader) as stream:
        assert next(line for line in stream.iter_lines() if line.startswith("data:"))


def test_who_comes_by_plain_http_is_sent_to_https_and_nobody_else_has_its_certificate(sealed: Sealed) -> None:
    plain = httpx.get(f"http://localhost:{sealed.plain_port}/readyz", trust_env=False)

    assert (plain.status_code, plain.headers["location"]) == (308, "https://localhost/readyz")
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        httpx.get(f"{sealed.url}/readyz", trust_env=False)


def test_the_certificate_outlives_the_proxys_container_which_has_one_right(sealed: Sealed) -> None:
    status = sealed.stack.compose("exec", "-T", "proxy", "cat", "/proc/1/status").stdout
    held = {name: int(text, 16) for name, text in re.findall(r"Cap(Prm|Bnd):\s*(\w+)", status)}
    assert held == {"Prm": 1 << CAP_NET_BIND_SERVICE, "Bnd": 1 << CAP_NET_BIND_SERVICE}
    before = ssl.get_server_certificate(("localhost", sealed.port))

    sealed.up("--force-recreate")
    wait_until(sealed.answers)

    assert ssl.get_server_certificate(("localhost", sealed.port)) == before
