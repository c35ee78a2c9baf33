"""Whether an engine answers, asked over TLS with both ends proved."""

import socket
import ssl
from urllib.parse import urlsplit

from orchestrator.places.deadline import Deadline
from orchestrator.places.engines.engine import EngineAddress

ANSWER_BYTES = 65_536
QUESTION = b"GET /_ping HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n\r\n"


class NoAnswer(Exception):
    """An engine did not answer as one does; the text says how."""


def ping(address: EngineAddress, *, deadline: Deadline) -> None:
    """Return when the engine answers `OK`; raise `NoAnswer`.

    docker-machine's own word is worth nothing here: its `status` says `Running` for an engine that is
    dead and for a host that hangs.
    """
    parts = urlsplit(address.url)
    if parts.scheme != "tcp" or parts.hostname is None or address.tls is None:
        raise NoAnswer(f"{address.url} is no tcp:// with certificates")
    try:
        context = ssl.create_default_context(cafile=str(address.tls.ca))
        # docker-machine's authority was made before Python asked for every extension of RFC 5280.
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        context.load_cert_chain(str(address.tls.cert), str(address.tls.key))
        with (
            socket.create_connection((parts.hostname, parts.port or 2376), timeout=_left(deadline)) as plain,
            context.wrap_socket(plain, server_hostname=parts.hostname) as connection,
        ):
            connection.settimeout(_left(deadline))
            connection.sendall(QUESTION)
            answer = _answer(connection, deadline=deadline)
    except ssl.SSLCertVerificationError as error:
        raise NoAnswer(f"its certificate was not accepted: {error.verify_message}") from None
    except OSError as error:
        raise NoAnswer(error.strerror or str(error) or type(error).__name__) from None
    if not answer.startswith((b"HTTP/1.1 200", b"HTTP/1.0 200")):
        raise NoAnswer("somebody else answers there, or the engine is not up")


def _answer(connection: ssl.SSLSocket, *, deadline: Deadline) -> bytes:
    answer = b""
    while b"\r\n\r\n" not in answer and len(answer) < ANSWER_BYTES:
        connection.settimeout(_left(deadline))
        if not (more := connection.recv(4_096)):
            break
        answer += more
    return answer


def _left(deadline: Deadline) -> float:
    # A timeout of 0 would mean "do not block at all".
    if deadline.is_over:
        raise TimeoutError("it did not answer in time")
    return deadline.left_s
