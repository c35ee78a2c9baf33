"""What can go wrong in a collector.

CollectorError
├── ConfigurationError      exit 2: the person who started it
│   └── AlertsFileError     a file of alerts that cannot be carried out
├── PartlyDone              exit 3: run it again
├── Interrupted             exit 130: the person who stopped it
├── ExportBroken            an answer that ends in the middle: whoever sent the request
└── Refused                 an HTTP answer: whoever sent the request
    └── Unavailable         503: try again later
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


class CollectorError(Exception):
    """What was tried and did not work."""

    exit_code = 1


class ConfigurationError(CollectorError):
    """The command line, the environment or the database is not as it must be."""

    exit_code = 2

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(f"{message}; {hint}" if hint else message)
        self.hint = hint


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """One thing that is wrong; line and column count from 1."""

    file: str
    line: int
    column: int
    message: str
    hint: str | None = None

    def __str__(self) -> str:
        hint = f"; {self.hint}" if self.hint else ""
        return f"{self.file}:{self.line}:{self.column}: {self.message}{hint}"


class AlertsFileError(ConfigurationError):
    """A file of alerts that cannot be carried out; `problems` holds all that was found."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda one: (one.line, one.column)))
        super().__init__("\n".join(map(str, self.problems)))


class PartlyDone(CollectorError):
    """Some of what was asked for was done."""

    exit_code = 3


class Interrupted(CollectorError):
    """It was told to stop in the middle."""

    exit_code = 130


class ExportBroken(CollectorError):
    """An export had begun and cannot be finished; its connection breaks off."""


class Refused(CollectorError):
    """An answer other than success: `{"error": code, "message": …, "hint": …}` and `fields`."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        hint: str | None = None,
        headers: Mapping[str, str] | None = None,
        fields: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.hint = hint
        self.headers = dict(headers or {})
        self.fields = dict(fields or {})

    def body(self) -> dict[str, Any]:
        """Return the JSON object of the answer."""
        return {"error": self.code, "message": self.message, "hint": self.hint} | self.fields


class Unavailable(Refused):
    """The collector cannot do it now; the same request may succeed later."""

    def __init__(self, code: str, message: str, *, retry_after_s: int, hint: str | None = None) -> None:
        super().__init__(503, code, message, hint=hint, headers={"Retry-After": str(retry_after_s)})
