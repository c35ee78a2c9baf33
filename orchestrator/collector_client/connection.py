"""Requests to one collector: each with a deadline, tried again where that is safe."""

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import httpx2
import stamina
import stamina.instrumentation

from orchestrator.collector_client.credentials import check_may_be_told, is_private
from orchestrator.collector_client.errors import (
    CollectorError,
    CollectorFailing,
    CollectorRefused,
    CollectorUnreachable,
    EventsSilent,
    NotACollector,
)
from orchestrator.collector_client.stream import MEDIA_TYPE, EventStream
from orchestrator.errors import ConfigurationError
from wire.versions import API_VERSION

MAX_ANSWER_BYTES = 256 * 1024 * 1024
CONNECT_TIMEOUT_S = 10.0
TRIES = 4
FIRST_WAIT_S = 0.1
LONGEST_WAIT_S = 5.0
BY_A_PROXY = (408, 429)
"""Answers that what stands before a collector gives in its own words, and for a while only."""


Json = dict[str, Any]
Auth = tuple[str, str] | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What came back: the status and the decoded object, an empty one where there was no body."""

    status: int
    body: Json


class Connection:
    """One collector and the connections to it.

    Every endpoint may be asked twice with the effect of once, so each request is tried `tries`
    times where nobody answers or the collector asks for patience, with growing jittered pauses,
    until `deadline_s` seconds are over. A refusal ends it at once.
    """

    def __init__(self, url: str, *, insecure: bool, deadline_s: float, tries: int = TRIES) -> None:
        self.url = checked_url(url)
        self._insecure = insecure
        self._deadline_s = deadline_s
        self._tries = tries
        # A proxy of the environment is for the world, not for this machine or its neighbours.
        by_environment = self.url.startswith("https://") or not is_private(urlsplit(self.url).hostname or "")
        self._http = httpx2.Client(
            headers={"User-Agent": f"orchestrate (api {API_VERSION})", "Accept": "application/json"},
            follow_redirects=False,
            trust_env=by_environment,
        )
        # Its own hooks would print each try; who waits is told by the one who asked.
        stamina.instrumentation.set_on_retry_hooks([])

    def close(self) -> None:
        """Close what is open; closing twice is once."""
        self._http.close()

    def ask(
        self,
        method: str,
        path: str,
        *,
        auth: Auth = None,
        params: Mapping[str, object] | None = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        deadline_s: float | None = None,
        tries: int | None = None,
    ) -> Answer:
        """Return the collector's answer.

        Raises `CollectorUnreachable`, `CollectorRefused`, `NotACollector`, and `ConfigurationError`
        where the credentials may not be sent. It ends within twice the deadline at the latest.
        """
        if auth is not None:
            check_may_be_told(self.url, insecure=self._insecure)
        limit_s = self._deadline_s if deadline_s is None else deadline_s
        until = time.monotonic() + limit_s

        def again(error: Exception) -> bool | float:
            left_s = until - time.monotonic()
            if isinstance(error, CollectorUnreachable):
                return left_s > LONGEST_WAIT_S or left_s > limit_s / 2
            if not (isinstance(error, CollectorRefused) and error.is_passing):
                return False
            if error.retry_after_s is not None:
                return error.retry_after_s if error.retry_after_s < left_s else False
            return left_s > LONGEST_WAIT_S or left_s > limit_s / 2

        for attempt in stamina.retry_context(
            on=again,
            attempts=self._tries if tries is None else tries,
            timeout=limit_s,
            wait_initial=FIRST_WAIT_S,
            wait_max=min(LONGEST_WAIT_S, limit_s / 2),
            wait_jitter=min(1.0, limit_s / 10),
        ):
            with attempt:
                request = self._http.build_request(
                    method,
                    self.url + path,
                    params=_params(params),
                    content=body,
                    headers=dict(headers or {}),
                    timeout=_timeout(until - time.monotonic()),
                )
                return self._once(request, auth=auth, until=until)
        raise AssertionError("stamina raises what the last attempt raised")

    @contextmanager
    def events(self, path: str, *, auth: Auth, after: str, silent_s: float) -> Iterator[EventStream]:
        """Open a stream of events behind the one with the id `after`, empty: from now on.

        Raises as `ask` does, `EventsSilent` where nothing comes for `silent_s` seconds, also while
        the stream is read. It is tried once.
        """
        if auth is not None:
            check_may_be_told(self.url, insecure=self._insecure)
        # Nothing is packed: what is there is read, however little it is.
        headers = {"Accept": MEDIA_TYPE, "Accept-Encoding": "identity", "Cache-Control": "no-store"}
        if after:
            headers["Last-Event-ID"] = after
        request = self._http.build_request(
            "GET", self.url + path, headers=headers, timeout=_timeout(silent_s)
        )
        try:
            with closing(self._sent(request, auth=auth)) as response:
                if response.status_code >= 300:
                    self._object(response, until=time.monotonic() + silent_s)
                yield EventStream(response, url=self.url, last_id=after)
        except httpx2.ReadTimeout:
            raise EventsSilent(url=self.url, silent_s=silent_s) from None
        except httpx2.RequestError as error:
            raise self._unreachable(error) from error

    def _sent(self, request: httpx2.Request, *, auth: Auth) -> httpx2.Response:
        return self._http.send(request, stream=True, auth=None if auth is None else httpx2.BasicAuth(*auth))

    def _once(self, request: httpx2.Request, *, auth: Auth, until: float) -> Answer:
        try:
            with closing(self._sent(request, auth=auth)) as response:
                return Answer(status=response.status_code, body=self._object(response, until=until))
        except httpx2.RequestError as error:
            raise self._unreachable(error) from error

    def _object(self, response: httpx2.Response, *, until: float) -> Json:
        """Read and decode the body; raise for what is not a success."""
        raw = self._read(response, until=until)
        body: object = {}
        if raw:
            try:
                body = json.loads(raw)
            except (ValueError, RecursionError):
                body = None
        if response.status_code >= 300:
            raise self._refusal(response, body)
        if not isinstance(body, dict):
            raise NotACollector(url=self.url, cause="its answer is not a JSON object")
        return body

    def _read(self, response: httpx2.Response, *, until: float) -> bytes:
        # httpx2's timeouts are per read: a server that drips would hold us for ever.
        parts = bytearray()
        for part in response.iter_bytes():
            parts += part
            if len(parts) > MAX_ANSWER_BYTES:
                raise NotACollector(url=self.url, cause=f"its answer is over {MAX_ANSWER_BYTES} bytes")
            if time.monotonic() > until:
                raise httpx2.ReadTimeout("the answer did not end in time", request=response.request)
        return bytes(parts)

    def _refusal(self, response: httpx2.Response, body: object) -> CollectorError:
        if not isinstance(body, dict) or not isinstance(body.get("error"), str):
            if response.status_code < 500 and response.status_code not in BY_A_PROXY:
                return NotACollector(
                    url=self.url,
                    cause=f"it answered HTTP {response.status_code} without an error that we know",
                )
            body = {"error": "server_error", "message": response.reason_phrase or "it failed"}
        hint = body.get("hint")
        kind = CollectorRefused if response.status_code < 500 else CollectorFailing
        return kind(
            url=self.url,
            request=f"{response.request.method} {response.request.url.path}",
            status=response.status_code,
            code=body["error"],
            message=str(body.get("message") or body["error"]),
            hint=hint if isinstance(hint, str) else None,
            body=body,
            retry_after_s=_retry_after_s(response.headers.get("Retry-After")),
        )

    def _unreachable(self, error: httpx2.RequestError) -> CollectorUnreachable:
        if isinstance(error, httpx2.TimeoutException):
            cause = "it did not answer in time"
        else:
            cause = str(error) or type(error).__name__
        return CollectorUnreachable(
            f"the collector at {self.url} does not answer",
            url=self.url,
            cause=cause,
            next_step="see whether it runs, and whether collector.url is right",
        )


def checked_url(url: str) -> str:
    """Return a collector's URL without a final slash; raise `ConfigurationError` for rubbish."""
    try:
        parts = urlsplit(url)
        port_is_good = parts.port is None or parts.port > 0
    except ValueError:
        port_is_good, parts = False, urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.hostname or not port_is_good:
        raise ConfigurationError(
            f"{_without_password(url)!r} is not the URL of a collector",
            next_step="write it as https://collector.example.net:9090",
        )
    if parts.username is not None or parts.password is not None:
        raise ConfigurationError(
            f"the collector's URL {_without_password(url)!r} holds credentials",
            cause="a URL ends up in logs",
            next_step="use collector.admin_token: {file: …} or {env: …}",
        )
    if parts.query or parts.fragment:
        raise ConfigurationError(f"the collector's URL {url!r} has a query or a fragment")
    return url.rstrip("/")


def _without_password(url: str) -> str:
    head, slashes, rest = url.partition("://")
    if not slashes:
        head, rest = "", url
    return head + slashes + rest.rpartition("@")[2]


def _params(params: Mapping[str, object] | None) -> dict[str, str]:
    return {name: _param(value) for name, value in (params or {}).items() if value is not None}


def _param(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    if isinstance(value, (str, int, float, UUID)):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no place in a query string")


def _timeout(left_s: float) -> httpx2.Timeout:
    left_s = max(left_s, 0.001)
    return httpx2.Timeout(left_s, connect=min(left_s, CONNECT_TIMEOUT_S))


def _retry_after_s(text: str | None) -> float | None:
    return float(text) if text is not None and text.isascii() and text.isdecimal() else None
