"""Posts a message to a URL: one request, a bounded time, no redirects, TLS verified."""

import http.client
import json
import socket
import ssl
import threading
import time
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from collector.alerts.deliveries import Outcome
from collector.alerts.message import Message, plain, slack_body
from collector.alerts.rules import Format, Webhook

LONGEST_ANSWER = 2_000
LONGEST_NOTE = 160
LATER = (408, 425, 429)
"""Refusals that are for now alone."""


def post(webhook: Webhook, message: Message) -> Outcome:
    """Post a message; what is said of a failure never holds the URL."""
    try:
        return _post(webhook, message)
    except ssl.SSLCertVerificationError as error:
        return Outcome(delivered=False, note=f"its certificate is not to be trusted: {error.verify_message}")
    except TimeoutError:
        return Outcome(delivered=False, note=f"no answer within {webhook.timeout_s:g} s")
    except OSError as error:
        reason = error.strerror or type(error).__name__
        return Outcome(delivered=False, note=f"it cannot be reached: {plain(reason)}")
    except (http.client.HTTPException, ValueError) as error:
        return Outcome(delivered=False, note=f"its answer is not HTTP: {type(error).__name__}")


def body_of(webhook: Webhook, message: Message) -> dict[str, Any]:
    """Return what a webhook is sent."""
    return slack_body(message) if webhook.format is Format.SLACK else message


def _post(webhook: Webhook, message: Message) -> Outcome:
    parts = urlsplit(webhook.url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    assert parts.hostname is not None
    secure = parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    context = ssl.create_default_context(cafile=webhook.ca_file) if secure else None
    connection = http.client.HTTPConnection(parts.hostname, port, timeout=webhook.timeout_s)
    # Its usual port is no part of a host's name.
    connection.default_port = 443 if secure else 80
    end = time.monotonic() + webhook.timeout_s
    plug = _connected(parts.hostname, port, end=end)
    if context is not None:
        plug = context.wrap_socket(plug, server_hostname=parts.hostname, do_handshake_on_connect=False)
    overdue = threading.Event()

    def cut_off() -> None:
        # Each read alone is bounded by the socket; a receiver that drips is bounded by this.
        overdue.set()
        with suppress(OSError):
            # Not TLS's own way to end, which the other thread is in the middle of.
            socket.socket.shutdown(plug, socket.SHUT_RDWR)

    timer = threading.Timer(max(0.0, end - time.monotonic()), cut_off)
    timer.daemon = True
    timer.start()
    try:
        if isinstance(plug, ssl.SSLSocket):
            plug.do_handshake()
        connection.sock = plug
        connection.request(
            "POST",
            path,
            body=json.dumps(body_of(webhook, message)).encode(),
            headers={
                "Content-Type": "application/json",
                "User-Agent": "latency-collector",
                "Idempotency-Key": str(message["id"]),
            },
        )
        answer = connection.getresponse()
        said = answer.read(LONGEST_ANSWER).decode("utf-8", "replace")
    except (OSError, http.client.HTTPException, ValueError):
        if overdue.is_set():
            raise TimeoutError from None
        raise
    finally:
        timer.cancel()
        plug.close()
        connection.close()
    return _outcome(answer, said, secrets=(webhook.url, path, *_words(path)))


def _connected(host: str, port: int, *, end: float) -> socket.socket:
    """Return a connection to the first address that takes one, all of them together within the time."""
    failure: OSError | None = None
    for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        left_s = end - time.monotonic()
        if left_s <= 0.0:
            raise TimeoutError
        plug = socket.socket(family, kind, protocol)
        try:
            plug.settimeout(left_s)
            plug.connect(address)
        except OSError as error:
            plug.close()
            failure = error
        else:
            return plug
    raise failure or OSError("it has no address")


def _outcome(answer: http.client.HTTPResponse, said: str, *, secrets: tuple[str, ...]) -> Outcome:
    status = answer.status
    for secret in secrets:
        said = said.replace(secret, "***")
    note = plain(f"{status} {said}".strip().replace("\n", " "))[:LONGEST_NOTE]
    if 200 <= status < 300:
        return Outcome(delivered=True, note=note)
    if 300 <= status < 400:
        return Outcome(delivered=False, again=False, note=f"{status}: redirects are not followed")
    after = answer.headers.get("Retry-After", "")
    after_s = float(after) if after.isascii() and after.isdecimal() and len(after) < 8 else 0.0
    return Outcome(delivered=False, note=note, again=status >= 500 or status in LATER, after_s=after_s)


def _words(path: str) -> tuple[str, ...]:
    """Return the parts of a path that may be secrets."""
    return tuple(word for word in path.replace("?", "/").replace("=", "/").split("/") if len(word) >= 6)
