"""A limit on wrong credentials, which never stands in the way of right ones.

See docs/decisions/0020-failures-are-limited-for-all-together.md.
"""

import threading
import time
from collections.abc import Callable, Iterable

import structlog

BURST = 60
"""Wrong credentials that are looked up one after another before the limit."""

PER_S = 1.0
"""How many more of them each second."""

FRESH_S = 2.0
"""How old the list of digests may be by which credentials are refused without a question."""

RENEW_S = 1.0
RETRY_AFTER_S = 3
"""Longer than `FRESH_S`: whoever comes back then is judged by a list that was made meanwhile."""

MOST_KNOWN = 1_000_000
PREFIX = 16
"""Hexadecimal digits of a digest that the list keeps: enough to tell rubbish, too few to be of use."""

SAY_EVERY_S = 60.0


class Failures:
    """Counts wrong credentials, whoever they come from; safe between threads.

    Beyond the limit a credential is compared with a list of all digests, at most `FRESH_S` old, and
    refused without a question to the database where it is not there. What is on the list, or where
    the list is older, is looked up as ever.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._left = float(BURST)
        self._counted_at_s = clock()
        self._known: frozenset[str] = frozenset()
        self._known_at_s = float("-inf")
        self._asked_at_s = float("-inf")
        self._said_at_s = float("-inf")
        self._unsaid = 0

    def note(self) -> bool:
        """Count a failure; return whether it is one too many."""
        with self._lock:
            self._refill()
            self._unsaid += 1
            if self._left >= 1:
                self._left -= 1
                return False
            self._say()
            return True

    def is_hopeless(self, digest: str) -> bool:
        """Return whether credentials are wrong for sure, and are one too many."""
        with self._lock:
            self._refill()
            if self._left >= 1 or self._clock() - self._known_at_s > FRESH_S:
                return False
            return not self._wants_list() and digest[:PREFIX] not in self._known

    def may_make_list(self) -> bool:
        """Return whether the one who asks is to make a new list: one at a time."""
        with self._lock:
            self._refill()
            if self._left >= 1 or not self._wants_list():
                return False
            self._asked_at_s = self._clock()
            return True

    def keep_list(self, digests: Iterable[str], *, read_at_s: float) -> None:
        """Keep the digests that were valid at a moment of our clock, before the reading began."""
        known = frozenset(digest[:PREFIX] for digest in digests)
        with self._lock:
            if len(known) <= MOST_KNOWN:
                self._known, self._known_at_s = known, read_at_s

    def now_s(self) -> float:
        """Return our clock."""
        return self._clock()

    def _wants_list(self) -> bool:
        now = self._clock()
        return now - self._known_at_s > RENEW_S and now - self._asked_at_s > RENEW_S

    def _refill(self) -> None:
        now = self._clock()
        self._left = min(float(BURST), self._left + (now - self._counted_at_s) * PER_S)
        self._counted_at_s = now

    def _say(self) -> None:
        # Neither user nor peer: people paste tokens into the wrong field, and peers are often a proxy.
        now = self._clock()
        if now - self._said_at_s >= SAY_EVERY_S:
            structlog.get_logger("collector").warning("credentials.too_many_wrong", count=self._unsaid)
            self._said_at_s, self._unsaid = now, 0
