"""The access keys that the cloud knows: the bed's own, and those that were issued later."""

import secrets
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

ACCOUNT_ID = "123456789012"
"""The account of moto."""
USER = f"arn:aws:iam::{ACCOUNT_ID}:user/bed"
ROLE = f"arn:aws:sts::{ACCOUNT_ID}:assumed-role/bed/bed"


class Standing(StrEnum):
    """What the cloud thinks of a key."""

    GOOD = "good"
    UNKNOWN = "unknown"
    EXPIRED = "expired"


@dataclass(frozen=True, kw_only=True, slots=True)
class Issued:
    """Temporary keys, as STS gives them."""

    access_key: str
    secret: str
    token: str
    expires_at: float

    @property
    def expiration(self) -> str:
        """When they expire, as AWS writes it."""
        return datetime.fromtimestamp(self.expires_at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Keyring:
    """Knows one long-lived key, and issues temporary ones."""

    def __init__(self, own: str) -> None:
        self._own = own
        self._issued: dict[str, Issued] = {}
        self._expired: set[str] = set()
        self._lock = threading.Lock()

    def issue(self, life_s: float) -> Issued:
        """Return fresh keys that are good for so long."""
        issued = Issued(
            access_key="ASIA" + secrets.token_hex(8).upper(),
            secret=secrets.token_urlsafe(30),
            token=secrets.token_urlsafe(90),
            expires_at=time.time() + life_s,
        )
        with self._lock:
            self._issued[issued.access_key] = issued
        return issued

    def expire(self) -> None:
        """Let every key of now be expired, the bed's own with them; those issued later are good."""
        with self._lock:
            self._expired |= {self._own, *self._issued}

    def renew(self) -> None:
        """Let the bed's own key be good again; issued ones keep their fate."""
        with self._lock:
            self._expired.discard(self._own)

    def standing(self, access_key: str, token: str | None) -> Standing:
        """Tell what a call's key is worth."""
        with self._lock:
            issued = self._issued.get(access_key)
            if access_key != self._own and (issued is None or issued.token != token):
                return Standing.UNKNOWN
            if access_key in self._expired or (issued is not None and issued.expires_at <= time.time()):
                return Standing.EXPIRED
        return Standing.GOOD

    def arn(self, access_key: str) -> str:
        """Return who a key belongs to."""
        return USER if access_key == self._own else ROLE
