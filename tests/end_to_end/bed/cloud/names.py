"""The bed's DNS: it knows the cloud's endpoints, and notes every other name that is asked for."""

import socketserver
from collections.abc import Callable

from tests.end_to_end.bed.record import Record
from tests.end_to_end.bed.regions import REGIONS

SERVICES = ("ec2", "ssm", "sts", "servicequotas")
PRICED_IN = ("us-east-1", "eu-central-1", "ap-south-1")
"""Where the Price List API is; each knows the prices of all regions."""
TYPE_A = 1
HEADER_BYTES = 12
ANSWERED, NO_SUCH_NAME = b"\x81\x80", b"\x81\x83"


def endpoints() -> list[str]:
    """Return every name that the cloud answers to."""
    return [
        "sts.amazonaws.com",
        *(f"api.pricing.{region}.amazonaws.com" for region in PRICED_IN),
        *(f"{service}.{region}.amazonaws.com" for region in REGIONS for service in SERVICES),
    ]


def server(*, address: str, record: Record) -> socketserver.ThreadingUDPServer:
    """Return a DNS server for the namespace and for its hosts."""
    known = frozenset(endpoints())

    class Question(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            data, socket = self.request
            answer = answer_to(data, known=known, address=address, stranger=lambda name: record.add(dns=name))
            socket.sendto(answer, self.client_address)

    return socketserver.ThreadingUDPServer(("0.0.0.0", 53), Question)


def answer_to(data: bytes, *, known: frozenset[str], address: str, stranger: Callable[[str], None]) -> bytes:
    """Return the answer to one question (RFC 1035), and tell `stranger` of names from outside."""
    labels, at = [], HEADER_BYTES
    while data[at]:
        labels.append(data[at + 1 : at + 1 + data[at]].decode("ascii", "replace"))
        at += data[at] + 1
    name, kind, question = ".".join(labels).lower(), data[at + 2], data[HEADER_BYTES : at + 5]
    ours = name in known
    # A name without a dot is a host that looks for itself.
    if not ours and kind == TYPE_A and "." in name:
        stranger(name)
    # A pointer to the name in the question, type A, class IN, 5 s to live, 4 bytes.
    address_bytes = bytes(map(int, address.split(".")))
    records = b"\xc0\x0c\0\1\0\1\0\0\0\5\0\4" + address_bytes if ours and kind == TYPE_A else b""
    flags = ANSWERED if ours else NO_SUCH_NAME
    return data[:2] + flags + b"\0\1\0" + (b"\1" if records else b"\0") + b"\0\0\0\0" + question + records
