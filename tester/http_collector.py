"""The collector by HTTP: requests that end by their deadline."""

import http.client
import json
import socket
import threading
import time
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from uuid import UUID

from tester import VERSION
from tester.access import is_private, parts_of, read_token
from tester.collector import PREFIX, Answer
from tester.errors import CollectorAway
from wire.announce import TESTER_TIME_HEADER
from wire.fields import time_text

LONGEST_ANSWER = 65_536
COLLECTOR_TIME_HEADER = "Collector-Time"


class HttpCollector:
    """Speaks HTTP or HTTPS with Basic Auth; keeps its connection between requests.

    Used by one thread at a time. The token's file is read for each request, so that it can be changed.
    """

    def __init__(self, url: str, *, tester_id: UUID, token_file: Path, insecure: bool = False) -> None:
        self.url = url.rstrip("/")
        self._parts = parts_of(self.url)
        self._tester_id = tester_id
        self._token_file = token_file
        self._insecure = insecure
        self._connection: http.client.HTTPConnection | None = None

    def ask(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        deadline_s: float,
    ) -> Answer:
        """Return the answer; raise `CollectorAway` where there is none by the deadline."""
        # Who is there is asked without credentials: it may be a stranger.
        credentials = self._credentials() if path.startswith(PREFIX + "/") else None
        end = time.monotonic() + deadline_s
        reused = self._connection is not None
        try:
            return self._asked(method, path, body, dict(headers or {}), credentials, end=end)
        except CollectorAway:
            # A kept connection may have been closed meanwhile; all our requests can be repeated.
            if not reused or time.monotonic() >= end:
                raise
        return self._asked(method, path, body, dict(headers or {}), credentials, end=end)

    def close(self) -> None:
        """End the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _asked(
        self,
        method: str,
        path: str,
        body: bytes | None,
        headers: dict[str, str],
        credentials: str | None,
        *,
        end: float,
    ) -> Answer:
        # A timeout of the socket starts anew with every byte, so a timer cuts the whole request.
        cut = threading.Timer(max(0.0, end - time.monotonic()), self._cut)
        cut.daemon = True
        cut.start()
        try:
            connection = self._connected(max(0.1, end - time.monotonic()))
            headers = headers | {
                "User-Agent": f"latency-tester/{VERSION}",
                "Accept": "application/json",
                TESTER_TIME_HEADER: time_text(datetime.now(UTC)),
            }
            if credentials is not None:
                headers["Authorization"] = credentials
            if body is not None:
                headers.setdefault("Content-Type", "application/json")
            sent_at, began = datetime.now(UTC), time.monotonic()
            connection.request(method, self._parts.path.rstrip("/") + path, body=body, headers=headers)
            response = connection.getresponse()
            taken_s = time.monotonic() - began
            answer = _answer(response, response.read(LONGEST_ANSWER), sent_at=sent_at, taken_s=taken_s)
            if response.will_close or not response.isclosed():
                self.close()
            return answer
        except (OSError, http.client.HTTPException, ValueError, AttributeError) as error:
            # AttributeError: http.client meets its own socket gone when the timer has cut it.
            self.close()
            overdue = time.monotonic() >= end
            reason = "no answer in time" if overdue or isinstance(error, TimeoutError) else _reason(error)
            raise CollectorAway(f"{self.url}: {reason}") from None
        finally:
            cut.cancel()

    def _connected(self, timeout_s: float) -> http.client.HTTPConnection:
        if self._connection is None:
            kind = (
                http.client.HTTPSConnection if self._parts.scheme == "https" else http.client.HTTPConnection
            )
            connection = kind(self._parts.hostname or "", self._parts.port, timeout=timeout_s)
            connection.connect()
            self._connection = connection
            peer = str(connection.sock.getpeername()[0])
            if self._parts.scheme == "http" and not self._insecure and not is_private(peer):
                self.close()
                raise OSError(f"{peer} is a public address: credentials do not go there over plain http")
        elif self._connection.sock is not None:
            self._connection.sock.settimeout(timeout_s)
        return self._connection

    def _cut(self) -> None:
        connection = self._connection
        sock = None if connection is None else connection.sock
        if sock is not None:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                return

    def _credentials(self) -> str:
        return "Basic " + b64encode(f"{self._tester_id}:{read_token(self._token_file)}".encode()).decode()


def _answer(response: http.client.HTTPResponse, body: bytes, *, sent_at: datetime, taken_s: float) -> Answer:
    try:
        decoded = json.loads(body)
    except (ValueError, RecursionError):
        decoded = {}
    offset_us, error_us = _offset(response, sent_at=sent_at, taken_s=taken_s)
    return Answer(
        status=response.status,
        body=decoded if isinstance(decoded, dict) else {},
        retry_after_s=_retry_after_s(response.headers.get("Retry-After")),
        offset_us=offset_us,
        offset_error_us=error_us,
    )


def _offset(
    response: http.client.HTTPResponse, *, sent_at: datetime, taken_s: float
) -> tuple[int | None, int | None]:
    """Return the collector's clock minus ours in µs, with its uncertainty (RFC 5905, 8)."""
    try:
        precise = response.headers.get(COLLECTOR_TIME_HEADER)
        if precise is not None:
            theirs, grain_s = datetime.fromisoformat(precise), 0.0
        else:
            # Date has whole seconds, cut off: on average it is half a second behind.
            theirs, grain_s = parsedate_to_datetime(response.headers["Date"]), 1.0
        middle_s = (theirs - sent_at).total_seconds() + grain_s / 2 - taken_s / 2
    except (TypeError, ValueError, KeyError):
        return None, None
    return round(middle_s * 1e6), round((taken_s + grain_s) / 2 * 1e6)


def _retry_after_s(text: str | None) -> float | None:
    if text is None:
        return None
    if text.strip().isdecimal():
        return float(text)
    try:
        return max(0.0, (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return None


def _reason(error: Exception) -> str:
    if isinstance(error, OSError):
        return error.strerror or str(error) or type(error).__name__
    return str(error) or type(error).__name__
