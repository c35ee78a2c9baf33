import dataclasses
import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from rich.console import Console

from orchestrator import events
from orchestrator.errors import ConfigurationError
from orchestrator.events import (
    Event,
    HostMoved,
    Note,
    Progress,
    RunMoved,
    TesterFailed,
    TesterProgress,
    TesterPulse,
    printable,
)
from orchestrator.show.cards import card_text
from orchestrator.show.json_lines import JsonShow
from orchestrator.show.plain import PlainShow, line_of
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


def test_a_late_and_a_dead_tester_are_told_apart_in_the_live_view() -> None:
    stream = io.StringIO()
    show = TtyShow(stream, color=False, on_interrupt="Ctrl-C stops watching.")
    testers = (
        TesterProgress(tester="oslo", state="late", done=1, of=3, note="its heartbeats arrive"),
        TesterProgress(tester="tokyo", state="dead", done=0, of=3, note="no heartbeat for 100 s"),
    )
    show.show(TesterPulse(time=NOON, tester="oslo", host="h", state="well"))
    show.show(Progress(time=NOON, done=1, of=6, failed=0, left_s=None, testers=testers))
    picture = show._picture()
    show.close()
    console = Console(file=stream, width=100)
    console.print(picture)
    assert "oslo is well again" in stream.getvalue()
    drawn = [line.split("  ") for line in stream.getvalue().splitlines()]
    assert ["oslo", "late", "1/3 runs", "its heartbeats arrive"] in [
        [part.strip() for part in line if part] for line in drawn
    ]
    assert ["tokyo", "dead", "0/3 runs", "no heartbeat for 100 s"] in [
        [part.strip() for part in line if part] for line in drawn
    ]


@pytest.mark.parametrize(
    ("state", "figures", "line"),
    [
        ("announced", (18, 0, 0), "a run 2/3 announced, 18 results planned"),
        ("complete", (18, 18, 18), "a run 2/3 complete, 18 of 18 results stored"),
        ("truncated", (18, 12, 12), "a run 2/3 truncated, 12 of 18 results stored"),
        ("abandoned", (18, 0, 0), "a run 2/3 abandoned"),
        ("announced", (None, 0, 0), "a run 2/3 announced"),
        ("complete", (None, None, None), "a run 2/3 complete"),
    ],
)
def test_a_run_says_how_many_results_were_planned_and_are_stored(
    state: str, figures: tuple[int | None, int | None, int | None], line: str
) -> None:
    planned, sent, stored = figures
    event = RunMoved(
        time=NOON,
        tester="a",
        run_id="r",
        index=1,
        of=3,
        state=state,
        planned=planned,
        sent=sent,
        stored=stored,
    )
    assert line_of(event) == line
