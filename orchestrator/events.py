"""What happens, as typed events that every renderer reads."""

import unicodedata
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, ClassVar

from wire.fields import time_text

EVENT_VERSION = 1

HIDDEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
"""Unicode categories that can move a cursor, hide text or turn its direction."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """Something that happened at `time`; its subclasses say what."""

    kind: ClassVar[str] = "event"
    time: datetime

    def to_dict(self) -> dict[str, Any]:
        """Return the event as a JSON object: `v`, `time`, `event`, then the event's own fields."""
        own = {item.name: _plain(getattr(self, item.name)) for item in fields(self) if item.name != "time"}
        return {"v": EVENT_VERSION, "time": time_text(self.time), "event": self.kind} | own


@dataclass(frozen=True, kw_only=True, slots=True)
class FleetRead(Event):
    """A fleet was read from `source` and nothing is wrong with it."""

    kind: ClassVar[str] = "fleet.read"
    fleet: str
    source: str
    tester_count: int
    server_count: int
    repeat: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Checked(Event):
    """One thing that was checked before anything is created; `state` is ok, warning or failed."""

    kind: ClassVar[str] = "check"
    what: str
    state: str
    detail: str = ""
    cause: str = ""
    next_step: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class CollectorReady(Event):
    """The collector answers; `embedded` says that the orchestrator runs it."""

    kind: ClassVar[str] = "collector.ready"
    url: str
    embedded: bool
    started: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Planned(Event):
    """What `up` is about to do, counted."""

    kind: ClassVar[str] = "planned"
    fleet: str
    create: int
    keep: int
    remove: int
    start: int


@dataclass(frozen=True, kw_only=True, slots=True)
class SweepStarted(Event):
    """A sweep was opened or is gone on with."""

    kind: ClassVar[str] = "sweep.started"
    fleet: str
    sweep_id: str
    resumed: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class HostMoved(Event):
    """A host is in another state."""

    kind: ClassVar[str] = "host.moved"
    tester: str
    host: str
    state: str
    reason: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class HostStep(Event):
    """What is being done to a host, in a few words: `Installing Docker`."""

    kind: ClassVar[str] = "host.step"
    tester: str
    host: str
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class RunMoved(Event):
    """A run was announced or came to its end.

    Results: `planned` when it was announced, None where it was not; `sent` with its report; `stored`
    by the collector.
    """

    kind: ClassVar[str] = "run.moved"
    tester: str
    run_id: str
    index: int
    of: int | None
    state: str
    reason: str = ""
    planned: int | None = None
    sent: int | None = None
    stored: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class TesterProgress:
    """How far one tester is; `of` is None for a fleet that measures forever."""

    tester: str
    state: str
    done: int
    of: int | None
    note: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress(Event):
    """How far the sweep is."""

    kind: ClassVar[str] = "progress"
    done: int
    of: int | None
    failed: int
    left_s: float | None
    testers: tuple[TesterProgress, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class TesterPulse(Event):
    """A tester is late or dead, or well again; `state` is one of these, `cause` says how that is known."""

    kind: ClassVar[str] = "tester.pulse"
    tester: str
    host: str
    state: str
    cause: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class TesterFailed(Event):
    """A tester failed: a card that the summary repeats."""

    kind: ClassVar[str] = "tester.failed"
    tester: str
    what: str
    cause: str = ""
    next_step: str = ""
    code: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Drained(Event):
    """What a tester had spooled was delivered, or was not."""

    kind: ClassVar[str] = "drained"
    tester: str
    delivered: int
    left: int
    rejected: int
    reason: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class SweepFinished(Event):
    """A sweep came to its end."""

    kind: ClassVar[str] = "sweep.finished"
    fleet: str
    sweep_id: str
    outcome: str
    complete: int
    truncated: int
    abandoned: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Removed(Event):
    """A host is gone, and was seen to be gone."""

    kind: ClassVar[str] = "host.removed"
    tester: str
    host: str
    after_s: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Note(Event):
    """Something that a person wants to know; `level` is info, warning or error."""

    kind: ClassVar[str] = "note"
    text: str
    level: str = "info"


@dataclass(frozen=True, kw_only=True, slots=True)
class Failed(Event):
    """The command failed with `exit_code`."""

    kind: ClassVar[str] = "failed"
    what: str
    exit_code: int
    cause: str = ""
    next_step: str = ""
    code: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer(Event):
    """The last event: what came of the command, with its exit code."""

    kind: ClassVar[str] = "finished"
    command: str
    exit_code: int
    summary: str = ""
    data: dict[str, Any] = field(default_factory=dict)


def printable(text: str) -> str:
    """Return `text` with everything escaped that could move a cursor or hide what follows.

    Names come from files and from other programs; a terminal obeys what they hold unless it is shown.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        letter.encode("unicode_escape").decode() if unicodedata.category(letter) in HIDDEN else letter
        for letter in text
    )


def _plain(value: object) -> object:
    if isinstance(value, TesterProgress):
        return {item.name: getattr(value, item.name) for item in fields(value)}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value
