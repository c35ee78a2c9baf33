"""The ICMP errors that Linux keeps for a socket: what a struct sock_extended_err says (pure)."""

import struct
from typing import Any

from tester.engine.packets import error_kind

IP_RECVERR, IPV6_RECVERR = 11, 25
"""Linux's numbers, which Python's socket module does not name."""
EXTENDED_ERROR = struct.Struct("=IBBBBII")
_FROM_ICMP = (2, 3)


def kind_at(buffer: Any, offset: int = 0, *, family: int) -> str | None:
    """Return the kind of the ICMP error at a place, None where it is none, or not of ICMP."""
    if len(buffer) < offset + EXTENDED_ERROR.size:
        return None
    _errno, origin, icmp_type, code, *_ = EXTENDED_ERROR.unpack_from(buffer, offset)
    return error_kind(family=family, icmp_type=icmp_type, code=code) if origin in _FROM_ICMP else None
