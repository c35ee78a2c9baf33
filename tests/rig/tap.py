"""A second witness: every frame at the tester's end of the wire, with the kernel's stamp."""

import socket
import struct
from typing import NamedTuple

ETH_P_ALL, PACKET_OUTGOING = 3, 4
SO_RCVBUFFORCE, SO_TIMESTAMPNS = 33, 35
BUFFER_BYTES = 64 * 2**20
ETHERNET, IP4, IP6 = 14, 20, 40


class Message(NamedTuple):
    """An ICMP message that passed by: its kind, between whom, and when."""

    outgoing: bool
    family: int
    kind: int
    code: int
    identifier: int
    sequence: int
    source: bytes
    destination: bytes
    payload: bytes
    sound: bool
    """Its checksum is right."""
    at_ns: int


class Tap:
    """Listens to an interface from its making on."""

    def __init__(self, interface: str) -> None:
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        self._socket.bind((interface, ETH_P_ALL))
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, BUFFER_BYTES)
        self._socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)

    def close(self) -> None:
        """Listen no more."""
        self._socket.close()

    def messages(self) -> list[Message]:
        """Return the ICMP messages of the benchmarking networks since the last look, in order."""
        found: list[Message] = []
        while True:
            try:
                frame, ancillary, _, address = self._socket.recvmsg(65_536, 256)
            except BlockingIOError:
                return found
            stamps = [data for level, kind, data in ancillary if kind == SO_TIMESTAMPNS]
            seconds, nanoseconds = struct.unpack("=qq", stamps[0])
            message = read_message(
                frame, at_ns=seconds * 10**9 + nanoseconds, outgoing=address[2] == PACKET_OUTGOING
            )
            if message is not None:
                found.append(message)


def read_message(frame: bytes, *, at_ns: int, outgoing: bool) -> Message | None:
    """Return the ICMP message in a frame; None where it is something else, or a neighbour's chatter."""
    ip = frame[ETHERNET:]
    if frame[12:14] == b"\x08\x00" and ip[9] == socket.IPPROTO_ICMP:
        family, head, total = 4, IP4, int.from_bytes(ip[2:4], "big")
        source, destination, pseudo = ip[12:16], ip[16:20], b""
        sound = _sums_up(ip[:IP4])
    elif frame[12:14] == b"\x86\xdd" and ip[6] == socket.IPPROTO_ICMPV6:
        family, head, total = 6, IP6, IP6 + int.from_bytes(ip[4:6], "big")
        source, destination = ip[8:24], ip[24:40]
        pseudo, sound = ip[8:40] + struct.pack("!II", total - IP6, socket.IPPROTO_ICMPV6), True
    else:
        return None
    message = ip[head:total]
    if family == 6 and message[0] not in (1, 128, 129):
        return None
    kind, code, _, identifier, sequence = struct.unpack_from("!BBHHH", message)
    return Message(
        outgoing=outgoing,
        family=family,
        kind=kind,
        code=code,
        identifier=identifier,
        sequence=sequence,
        source=source,
        destination=destination,
        payload=message[8:],
        sound=sound and _sums_up(pseudo + message),
        at_ns=at_ns,
    )


def _sums_up(data: bytes) -> bool:
    """Whether data with its checksum sums up to all ones (RFC 1071)."""
    padded = data + bytes(len(data) % 2)
    words = memoryview(padded).cast("H")
    total = sum(words)
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total == 0xFFFF
