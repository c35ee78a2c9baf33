"""What stands around a tester on a host of its own: the gateway, and the cloud's word for the host."""

import http.client
import json
import socket
import struct
from functools import cache
from pathlib import Path
from typing import Any

from tester.engine.engine import Address, Engine, Interrupt
from wire.job import ProbePlan

ROUTES4, ROUTES6 = Path("/proc/net/route"), Path("/proc/net/ipv6_route")
VENDOR = Path("/sys/class/dmi/id/sys_vendor")
AMAZON = "Amazon EC2"
METADATA = "169.254.169.254"
ASK_S = 1.0
TOKEN_S = 60
MOST_BYTES = 16_384
GATEWAY_PLAN = ProbePlan(count=5, interval_s=0.02, timeout_s=0.2)
_UP, _GATEWAY = 1, 2


def surroundings_of(engine: Engine | None, *, stop: Interrupt) -> dict[str, Any]:
    """Return the best and the middle RTT to the gateway in µs, and what the cloud calls this host.

    Each is None where there is none, or nobody answers; nothing here fails a run.
    """
    return {"gateway_us": _gateway_us(engine, stop=stop), "cloud_host": _cloud_host()}


def gateway_in(routes4: str, routes6: str) -> Address | None:
    """Return the default gateway in the kernel's tables of routes (proc(5)), IPv4 first; pure."""
    for line in routes4.splitlines()[1:]:
        fields = line.split()
        # Interface, destination, gateway, flags, …, mask: hexadecimal, in the machine's own byte order.
        if len(fields) >= 8 and fields[1] == fields[7] == "00000000" and _leads_away(fields[3]):
            return Address(text=socket.inet_ntoa(struct.pack("=I", int(fields[2], 16))), family=4)
    for line in routes6.splitlines():
        fields = line.split()
        # Destination, its length, source, its length, next hop, metric, …, flags, interface.
        if len(fields) >= 10 and fields[0] == "0" * 32 and fields[1] == "00" and _leads_away(fields[8]):
            text = socket.inet_ntop(socket.AF_INET6, bytes.fromhex(fields[4]))
            return Address(text=f"{text}%{fields[9]}" if text.startswith("fe80") else text, family=6)
    return None


def cloud_host_by(host: str, *, port: int = 80) -> dict[str, str] | None:
    """Return the instance type and the zone that EC2's metadata service tells (IMDSv2), None without it."""
    try:
        token = _ask(
            host, port, "PUT", "/latest/api/token", {"X-aws-ec2-metadata-token-ttl-seconds": TOKEN_S}
        )
        asked = {"X-aws-ec2-metadata-token": token}
        told = json.loads(_ask(host, port, "GET", "/latest/dynamic/instance-identity/document", asked))
        return {"instance_type": str(told["instanceType"])[:64], "zone": str(told["availabilityZone"])[:64]}
    except (OSError, http.client.HTTPException, ValueError, LookupError, TypeError):
        return None


def _ask(host: str, port: int, method: str, path: str, headers: dict[str, Any]) -> str:
    connection = http.client.HTTPConnection(host, port, timeout=ASK_S)
    try:
        connection.request(method, path, headers={name: str(value) for name, value in headers.items()})
        answer = connection.getresponse()
        if answer.status != http.client.OK:
            raise ValueError(f"{path}: {answer.status}")
        return answer.read(MOST_BYTES).decode("ascii")
    finally:
        connection.close()


@cache
def _cloud_host() -> dict[str, str] | None:
    # Elsewhere that address may be anybody's.
    return cloud_host_by(METADATA) if _text(VENDOR).strip() == AMAZON else None


def _gateway_us(engine: Engine | None, *, stop: Interrupt) -> dict[str, int] | None:
    gateway = gateway_in(_text(ROUTES4), _text(ROUTES6))
    if engine is None or gateway is None:
        return None
    answers = sorted(each for each in engine.probe([gateway], GATEWAY_PLAN, stop=stop).positions if each >= 0)
    if not answers:
        return None
    return {"min": answers[0], "p50": answers[(len(answers) - 1) // 2], "answered": len(answers)}


def _leads_away(flags: str) -> bool:
    return int(flags, 16) & (_UP | _GATEWAY) == _UP | _GATEWAY


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
