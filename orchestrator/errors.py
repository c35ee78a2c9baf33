"""What can go wrong, and who can act.

OrchestratorError             exit 1: read the message
├── ConfigurationError        exit 2: mend fleet.yaml or the environment; nothing was created
│   └── FleetFileError        every problem of a fleet file, each with its line and column
├── NoRoom                    exit 1: make room on that disk; nothing was lost
├── PartialFailure            exit 3: some testers failed, the others reported
├── Finding                   exit 4: what `--fail-on` asked for was found
├── LeftBehind                exit 5: hosts may be left behind; outranks the rest
└── Interrupted               exit 130: the message says what runs on
"""

import errno
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
"""Errors of a disk that takes nothing more."""


class OrchestratorError(Exception):
    """A failure that a person reads as a card: what happened, its likely cause, what to do next.

    `next_step` is a command or a change, `exit_code` what the program ends with. `card_code` is the
    card's word for programs, and its entry in docs/guides/troubleshooting.md; empty where what
    happened says all that there is to say.
    """

    exit_code: ClassVar[int] = 1
    card_code: str = ""

    def __init__(
        self, what: str, cause: str = "", next_step: str = "", *, card_code: str | None = None
    ) -> None:
        super().__init__(what)
        self.what = what
        self.cause = cause
        self.next_step = next_step
        self.card_code = self.card_code if card_code is None else card_code

    @property
    def card(self) -> tuple[str, str, str]:
        """What happened, its likely cause, what to do next; the latter two may be empty."""
        return self.what, self.cause, self.next_step


class ConfigurationError(OrchestratorError):
    """The command line, the environment or the fleet cannot be carried out as it stands."""

    exit_code = 2


class NoRoom(OrchestratorError):
    """A disk is full, or may only be read."""

    @classmethod
    def of(cls, error: OSError) -> "NoRoom":
        """Return what a person is told of a file that could not be written; raise any other error again."""
        if error.errno not in NO_ROOM:
            raise error
        return cls(
            f"{error.filename or 'a file'} cannot be written: {error.strerror}",
            cause="what was begun before it is in the journal",
            next_step="make room on that disk, then run the command again",
        )


class PartialFailure(OrchestratorError):
    """Some testers failed, the others reported."""

    exit_code = 3


class Finding(OrchestratorError):
    """The report holds what `--fail-on` asked for."""

    exit_code = 4


class LeftBehind(OrchestratorError):
    """Hosts may be left behind."""

    exit_code = 5
    card_code = "left-behind"


class Interrupted(OrchestratorError):
    """A person or a signal ended the command before its end."""

    exit_code = 130


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """One thing that is wrong with a fleet file; line and column count from 1.

    `hint` follows the message after a semicolon. `line` None: the file as a whole.
    """

    file: str
    message: str
    line: int | None = None
    column: int | None = None
    hint: str | None = None

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}:{self.column}"
        return f"{place}: {self.message}" + (f"; {self.hint}" if self.hint else "")


class FleetFileError(ConfigurationError):
    """A fleet file that cannot be carried out; `problems` holds all that was found."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(
            "\n".join(str(problem) for problem in self.problems),
            next_step="mend the file, then `orchestrate check --offline`",
        )
