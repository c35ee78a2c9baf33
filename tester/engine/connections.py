"""One TCP connect: begun, judged by what the kernel knows of it, and reset."""

import errno
import socket
import struct
import time
from dataclasses import dataclass
from typing import Any

from tester.engine.refusals import name_of, words_of_number

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
# struct tcp_info of linux/tcp.h: tcpi_rtt, in µs, and tcpi_total_retrans.
_INFO_BYTES, _RTT_AT, _RETRANSMITTED_AT = 104, 68, 100
_NO_WAY = (errno.EHOSTUNREACH, errno.ENETUNREACH)
_FORBIDDEN = (errno.EACCES, errno.EPERM)


class Refused(Exception):
    """The system began no connection; `kind` is what reports count, `words` say why."""

    def __init__(self, number: int) -> None:
        self.kind = f"send:{name_of(number)}"
        self.words = f"could not send: {words_of_number(number)}"
        super().__init__(self.words)


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What came of a connect: whether it was answered at all, and the kind of answer that was no welcome.

    `kernel_rtt_us` is the kernel's own figure from SYN to SYN-ACK, None where there was none.
    """

    is_answer: bool
    kind: str | None = None
    kernel_rtt_us: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Connection:
    """A connect on its way; `over_ns` is when it ended, if it did within the call that began it."""

    sock: socket.socket
    position: int
    began_ns: int
    over_ns: int | None = None
    error: int = 0

    def fileno(self) -> int:
        """Return its descriptor."""
        return self.sock.fileno()

    def close(self) -> None:
        """Reset it: nothing of it stays on either side."""
        self.sock.close()

    def outcome(self) -> Outcome:
        """Return what came of it, once the kernel has something to tell.

        The kernel sends a SYN again after a second. What answers then may answer either, so the
        probe that this connection stands for is lost.
        """
        number = self.error or self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if number not in (0, errno.ECONNREFUSED):
            return Outcome(is_answer=False, kind=_kind_of(number))
        info = self.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _INFO_BYTES)
        retransmitted, rtt_us = (struct.unpack_from("=I", info, at)[0] for at in (_RETRANSMITTED_AT, _RTT_AT))
        if retransmitted:
            return Outcome(is_answer=False, kind="retransmitted")
        if number == errno.ECONNREFUSED:
            return Outcome(is_answer=True, kind="refused")
        return Outcome(is_answer=True, kernel_rtt_us=rtt_us)


def begin(to: tuple[Any, ...], *, family: int, dscp: int, position: int) -> Connection:
    """Begin a connect and wait for nothing; raise `Refused`."""
    try:
        sock = socket.socket(socket.AF_INET if family == 4 else socket.AF_INET6, socket.SOCK_STREAM)
    except OSError as error:
        raise Refused(error.errno or errno.EIO) from None
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        if dscp and family == 4:
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, dscp << 2)
        elif dscp:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, dscp << 2)
        began_ns = time.monotonic_ns()
        number = sock.connect_ex(to)
    except OSError as error:
        sock.close()
        raise Refused(error.errno or errno.EIO) from None
    if number == errno.EINPROGRESS:
        return Connection(sock=sock, position=position, began_ns=began_ns)
    if number in (0, errno.ECONNREFUSED):
        # A server on this machine answers within the call.
        over_ns = time.monotonic_ns()
        return Connection(sock=sock, position=position, began_ns=began_ns, over_ns=over_ns, error=number)
    sock.close()
    raise Refused(number)


def _kind_of(number: int) -> str | None:
    """Return the kind of a failure as reports count it, None for plain silence."""
    if number == errno.ETIMEDOUT:
        return None
    if number in _NO_WAY:
        return "unreachable"
    return "prohibited" if number in _FORBIDDEN else f"connect:{name_of(number)}"
