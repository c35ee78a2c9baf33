import dataclasses
import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from orchestrator import events
from orchestrator.errors import ConfigurationError
from orchestrator.events import Event, HostMoved, Note, TesterFailed, printable
from orchestrator.show.cards import card_text
from orchestrator.show.json_lines import JsonShow
from orchestrator.show.plain import PlainShow
from orchestrator.show.quiet import QuietShow
from orchestrator.show.tty import TtyShow

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOSTILE = 'a\x1b[2J\r\nb\x07\u202e\u2028"\x9b31m'
KINDS = [
    kind
    for kind in vars(events).values()
    if isinstance(kind, type) and issubclass(kind, Event) and kind is not Event
]


def hostile(kind: type[Event]) -> Event:
    """Return an event of a kind with every text of it hostile."""
    values: dict[str, Any] = {"time": NOON}
    for item in dataclasses.fields(kind):
        annotation = str(item.type)
        if item.name == "time":
            continue
        if "tuple" in annotation or "dict" in annotation:
            continue
        if "str" in annotation:
            values[item.name] = HOSTILE
        elif "bool" in annotation:
            values[item.name] = True
        elif "int" in annotation or "float" in annotation:
            values[item.name] = 3
    return kind(**values)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: str(kind.kind))
def test_a_plain_line_obeys_nothing_that_an_event_holds(kind: type[Event]) -> None:
    stream = io.StringIO()
    PlainShow(stream).show(hostile(kind))
    text = stream.getvalue()
    assert text == "" or text.endswith("\n")
    assert not any(letter in text for letter in "\x1b\r\x07\u202e\u2028\x9b")
    assert all(line.startswith("12:00:00 ") for line in text.splitlines())


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: str(kind.kind))
def test_a_json_line_is_one_line_that_parses(kind: type[Event]) -> None:
    stream = io.StringIO()
    event = hostile(kind)
    JsonShow(stream).show(event)
    text = stream.getvalue()
    assert text.count("\n") == 1
    assert text.isascii()
    body = json.loads(text)
    assert (body["v"], body["event"], body["time"]) == (1, kind.kind, "2026-11-23T12:00:00.000000Z")


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: str(kind.kind))
def test_a_terminal_obeys_nothing_that_an_event_holds(kind: type[Event]) -> None:
    stream = io.StringIO()
    show = TtyShow(stream, color=False, on_interrupt="Ctrl-C stops watching.")
    show.show(hostile(kind))
    show.close()
    assert "\x1b[2J" not in stream.getvalue()
    assert "\x9b" not in stream.getvalue()


def test_no_two_kinds_of_events_have_one_name() -> None:
    assert len({kind.kind for kind in KINDS}) == len(KINDS)


def test_quiet_shows_errors_only() -> None:
    stream = io.StringIO()
    show = QuietShow(stream)
    show.show(HostMoved(time=NOON, tester="a", host="h", state="running"))
    show.show(Note(time=NOON, text="all is well"))
    show.show(TesterFailed(time=NOON, tester="a", what="it failed"))
    assert stream.getvalue() == ""
    show.show(Note(time=NOON, text="the disk is full", level="error"))
    assert stream.getvalue() == "error: the disk is full\n"


def test_a_card_says_what_happened_why_and_what_to_do() -> None:
    error = ConfigurationError("port 9090 is taken", cause="a stranger", next_step="first this\nthen that")
    assert card_text(error) == (
        "port 9090 is taken\n  cause: a stranger\n  next:  first this\n         then that"
    )


def test_letters_of_every_script_stay_as_they_are() -> None:
    assert printable("Zürich 東京 Ελλάδα 🙂") == "Zürich 東京 Ελλάδα 🙂"
    assert printable("a\x1bb\u202ec") == "a\\x1bb\\u202ec"
