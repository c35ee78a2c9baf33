"""Rules and receivers: who is told of what (pure)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase

from collector.verdicts.verdict import Scope


class Finding(StrEnum):
    """What can be bad. `lossy` is also what is lost; `sweep_failed` also what was interrupted."""

    SLOW = "slow"
    LOSSY = "lossy"
    LOST = "lost"
    TESTER_BAD = "tester_bad"
    SWEEP_FAILED = "sweep_failed"
    SWEEP_PARTIAL = "sweep_partial"


RECOVERED = "recovered"
"""The word of a rule that also tells, or only tells, what is good again."""

VERDICTS = (Finding.SLOW, Finding.LOSSY, Finding.LOST)
SWEEPS = (Finding.SWEEP_FAILED, Finding.SWEEP_PARTIAL)
DEFAULT_WHEN = (Finding.SLOW.value, Finding.LOSSY.value, RECOVERED)


class Format(StrEnum):
    """What a webhook is sent."""

    SLACK = "slack"
    JSON = "json"


@dataclass(frozen=True, kw_only=True, slots=True)
class Webhook:
    """A URL that a message is posted to; whoever knows it may post, so it is a secret."""

    url: str = field(repr=False)
    format: Format = Format.SLACK
    timeout_s: float = 10.0
    ca_file: str | None = None

    @property
    def shown(self) -> str:
        """Return what may be shown of it: scheme and host."""
        scheme, _, rest = self.url.partition("://")
        return f"webhook {scheme}://{re.split('[/?#]', rest)[0]}/… ({self.format})"


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """A program that is given a message; no shell is between."""

    run: tuple[str, ...]
    timeout_s: float = 30.0

    @property
    def shown(self) -> str:
        """Return the program; its arguments may hold a secret."""
        return f"command {self.run[0]}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Receiver:
    """Who is told."""

    name: str
    by: Webhook | Command


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """What is told to whom: when `needed` of the last `of` rounds say so; of a sweep's, of the last sweeps.

    `tells_bad` is false for a rule that tells recoveries alone. Patterns are those of a shell.
    """

    name: str
    findings: tuple[Finding, ...]
    tells_bad: bool
    tells_recovered: bool
    to: tuple[str, ...]
    needed: int = 1
    of: int = 1
    scopes: tuple[Scope, ...] = tuple(Scope)
    fleets: tuple[str, ...] = ("*",)
    names: tuple[str, ...] = ("*",)

    def is_about(self, *, scope: str, names: Iterable[str | None]) -> bool:
        """Return whether something that has one of these names is looked at; scopes are those of verdicts."""
        if scope in tuple(Scope) and scope not in self.scopes:
            return False
        return self.names == ("*",) or _any_matches(self.names, names)

    def looks_at(self, fleet: str) -> bool:
        """Return whether a fleet is looked at."""
        return _any_matches(self.fleets, (fleet,))


@dataclass(frozen=True, kw_only=True, slots=True)
class Rules:
    """All that a file says; `open_secrets` tells of files of secrets that everybody may read."""

    rules: tuple[Rule, ...]
    receivers: tuple[Receiver, ...]
    open_secrets: tuple[str, ...] = ()


def _any_matches(patterns: Iterable[str], names: Iterable[str | None]) -> bool:
    known = [name for name in names if name is not None]
    return any(fnmatchcase(name, pattern) for pattern in patterns for name in known)
