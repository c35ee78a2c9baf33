"""How much later than the kernel a program of this machine sees what arrives."""

import socket
import struct
import sys
import time

_SO_TIMESTAMPNS = 35
_WAIT_S = 0.05


def stamp_delays_ns(count: int) -> list[int]:
    """Return by how much our own clock was behind the kernel's stamp, for each packet to ourselves.

    Fewer than `count` where packets got lost, none where the system stamps nothing.
    """
    found: list[int] = []
    if sys.platform != "linux":
        return found
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ear:
            ear.bind(("127.0.0.1", 0))
            ear.settimeout(_WAIT_S)
            ear.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
            for _ in range(count):
                ear.sendto(b"", ear.getsockname())
                _data, control, _flags, _source = ear.recvmsg(1, 128)
                now_ns = time.time_ns()
                for _level, kind, value in control:
                    if kind == _SO_TIMESTAMPNS and len(value) == 16:
                        seconds, nanoseconds = struct.unpack("@ll", value)
                        found.append(now_ns - seconds * 1_000_000_000 - nanoseconds)
    except OSError:
        pass
    return found
