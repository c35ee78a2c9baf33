"""What the kernel should keep from our sockets: programs of the classic packet filter."""

import ctypes
import socket
import struct

from tester.engine.packets import V4_HEARD, V6_HEARD

Program = list[tuple[int, int, int, int]]
"""Instructions as (code, jump if true, jump if false, operand)."""

# Linux's numbers, which Python's socket module does not name.
_SO_ATTACH_FILTER, _SOL_RAW, _ICMP_FILTER, _ICMP6_FILTER = 26, 255, 1, 1
_LDX_HEADER, _LDX_ZERO = 0xB1, 0x01
_LOAD_WORD, _LOAD_HALF, _LOAD_BYTE, _EQUAL, _RETURN = 0x40, 0x48, 0x50, 0x15, 0x06
_WHOLE = 0xFFFFFFFF
_REPLY = {4: 0, 6: 129}
_REQUEST = {4: 8, 6: 128}
_PROTOCOL = {4: 1, 6: 58}
# Where a quoted packet says its protocol, and where its ICMP header begins, after the outer one.
_QUOTED = {4: (17, 28), 6: (14, 48)}
_LAST_OF_TOKEN = 32


def nothing() -> Program:
    """Return a program that lets nothing through."""
    return [(_RETURN, 0, 0, 0)]


def answers(*, family: int, raw: bool, nonce: bytes, identifier: int | None) -> Program:
    """Return a program for replies with the nonce and, on raw sockets, errors about our identifier.

    A read beyond a packet's end refuses it, so that nothing passes that is too short for a token.
    """
    high, low = struct.unpack("!II", nonce)
    reply: Program = [(_LOAD_HALF, 0, 0, 4), (_EQUAL, 0, -1, identifier)] if identifier is not None else []
    reply += [(_LOAD_WORD, 0, 0, 8), (_EQUAL, 0, -1, high), (_LOAD_WORD, 0, 0, 12), (_EQUAL, 0, -1, low)]
    reply += [(_LOAD_WORD, 0, 0, _LAST_OF_TOKEN), (_RETURN, 0, 0, _WHOLE)]
    error: Program = []
    if raw and identifier is not None:
        protocol_at, icmp_at = _QUOTED[family]
        error = [
            *((_LOAD_BYTE, 0, 0, protocol_at), (_EQUAL, 0, -1, _PROTOCOL[family])),
            *((_LOAD_BYTE, 0, 0, icmp_at), (_EQUAL, 0, -1, _REQUEST[family])),
            *((_LOAD_HALF, 0, 0, icmp_at + 4), (_EQUAL, 0, -1, identifier)),
            (_RETURN, 0, 0, _WHOLE),
        ]
    start = (_LDX_HEADER, 0, 0, 0) if raw and family == 4 else (_LDX_ZERO, 0, 0, 0)
    program = [start, (_LOAD_BYTE, 0, 0, 0), (_EQUAL, 0, len(reply), _REPLY[family]), *reply, *error]
    refusal = len(program)
    program.append((_RETURN, 0, 0, 0))
    # A jump of -1 means: to the refusal at the end.
    return [
        (code, true, refusal - at - 1 if false < 0 else false, operand)
        for at, (code, true, false, operand) in enumerate(program)
    ]


def attach(sock: socket.socket, program: Program) -> None:
    """Have the kernel ask a program about each packet; raise OSError where it refuses."""
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *each) for each in program))
    sock.setsockopt(
        socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("@HP", len(program), ctypes.addressof(code))
    )


def hear_types(sock: socket.socket, *, family: int, types: tuple[int, ...] | None = None) -> None:
    """Have a raw socket drop every ICMP type but these, before any program is asked."""
    if family == 4:
        blocked = 0xFFFFFFFF
        for icmp_type in V4_HEARD if types is None else types:
            blocked &= ~(1 << icmp_type)
        sock.setsockopt(_SOL_RAW, _ICMP_FILTER, struct.pack("=I", blocked))
        return
    words = [0xFFFFFFFF] * 8
    for icmp_type in V6_HEARD if types is None else types:
        words[icmp_type >> 5] &= ~(1 << (icmp_type & 31))
    sock.setsockopt(socket.IPPROTO_ICMPV6, _ICMP6_FILTER, struct.pack("=8I", *words))
