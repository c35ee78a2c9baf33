"""Credentials that are looked for anew when the cloud says that they have expired."""

import threading
import time
from collections.abc import Callable
from typing import Any

import botocore.session
from botocore.credentials import CredentialProvider, Credentials

from orchestrator.cloud.refusals import EXPIRED

QUIET_S = 1.0
"""Calls that fail together renew once."""


class CurrentCredentials(Credentials):  # type: ignore[misc] # the library has no types
    """What the library finds by its own rules, until `renew`: then it looks again, in a session of its own.

    The library renews what is about to expire by the clock. Keys that ended before their time, and a file
    that somebody else rotates, are only seen when a call is refused.
    """

    def __init__(self, found: Credentials, *, look: Callable[[], Credentials | None]) -> None:
        self._found, self._look = found, look
        self._guard = threading.Lock()
        self._renewed_at: float | None = None

    @property
    def method(self) -> str:
        """Where they were found."""
        return str(self._found.method)

    def get_frozen_credentials(self) -> Any:
        """Return keys that are good now."""
        return self._found.get_frozen_credentials()

    def renew(self) -> None:
        """Look for them again; what was found last stays where there is nothing now."""
        with self._guard:
            now = time.monotonic()
            if self._renewed_at is None or now - self._renewed_at > QUIET_S:
                self._found = self._look() or self._found
                self._renewed_at = now

    def once_more(self, *, response: Any, attempts: int, **_: object) -> float | None:
        """Answer the library's question whether a call is made again: after how many s, None for no."""
        if response is None or attempts > 1:
            return None
        _, parsed = response
        if parsed.get("Error", {}).get("Code") not in EXPIRED:
            return None
        self.renew()
        return 0.0


class _Found(CredentialProvider):  # type: ignore[misc] # the library has no types
    """Gives a session credentials that are there already."""

    METHOD = "found"

    def __init__(self, credentials: Credentials) -> None:
        super().__init__()
        self._credentials = credentials

    def load(self) -> Credentials:
        """Return them."""
        return self._credentials


def session_with_current_credentials(profile: str | None) -> botocore.session.Session:
    """Return a session whose calls are made once more, with fresh keys, where theirs have expired."""

    def look() -> Credentials | None:
        found: Credentials | None = botocore.session.Session(profile=profile).get_credentials()
        return found

    session = botocore.session.Session(profile=profile)
    if (found := session.get_credentials()) is None:
        return session
    current = CurrentCredentials(found, look=look)
    renewing = botocore.session.Session(profile=profile)
    renewing.get_component("credential_provider").providers.insert(0, _Found(current))
    renewing.register("needs-retry", current.once_more)
    return renewing
