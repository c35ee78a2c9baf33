"""Events as lines with a time: for pipes, logs and people without a terminal."""

from typing import TextIO

from orchestrator.events import (
    Answer,
    Checked,
    CollectorReady,
    Drained,
    Event,
    Failed,
    FleetRead,
    HostMoved,
    HostStep,
    Note,
    Planned,
    Progress,
    Removed,
    RunMoved,
    SweepFinished,
    SweepStarted,
    TesterFailed,
    TesterPulse,
    printable,
)
from orchestrator.show.cards import card_lines


class PlainShow:
    """Writes each event as a line, flushed at once, without cursor codes."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def show(self, event: Event) -> None:
        """Write one event."""
        for line in line_of(event).split("\n"):
            if line:
                self._stream.write(f"{event.time:%H:%M:%S} {line}\n")
        self._stream.flush()

    def close(self) -> None:
        """Leave nothing half written."""
        self._stream.flush()


def line_of(event: Event) -> str:
    """Return an event in words; what moves a cursor or hides text is shown, never obeyed."""
    match event:
        case Failed():
            return card_lines(event.what, cause=event.cause, next_step=event.next_step, code=event.code)
        case Answer():
            return "\n".join(printable(line) for line in event.summary.split("\n"))
        case _:
            return printable(_words(event))


def _words(event: Event) -> str:
    match event:
        case FleetRead():
            runs = "runs without an end" if event.repeat is None else _count(event.repeat, "run") + " each"
            testers, servers = _count(event.tester_count, "tester"), _count(event.server_count, "server")
            return f"{event.source} ok: {testers}, {servers}, {runs}"
        case Checked():
            # What was refused is told by its card.
            if event.state == "warning":
                parts = (event.detail, event.cause, event.next_step)
                return f"check {event.what} warning: {'; '.join(part for part in parts if part)}"
            detail = f": {event.detail}" if event.detail and event.state == "ok" else ""
            return f"check {event.what} {event.state}{detail}"
        case CollectorReady():
            kind = "embedded collector" if event.embedded else "collector"
            return f"{kind} {'started' if event.started else 'answers'} at {event.url}"
        case Planned():
            if not (event.create or event.remove or event.start):
                return f"plan: nothing to change, {event.keep} to keep"
            return f"plan: {event.create} to create, {event.keep} to keep, {event.remove} to remove"
        case SweepStarted():
            return f"sweep {event.sweep_id} {'goes on' if event.resumed else 'begins'}"
        case HostMoved():
            reason = f": {event.reason}" if event.reason else ""
            return f"{event.tester} {event.state}{reason}"
        case HostStep():
            return f"{event.tester}: {event.text}"
        case RunMoved():
            of = "" if event.of is None else f"/{event.of}"
            reason = f": {event.reason}" if event.reason else ""
            return f"{event.tester} run {event.index + 1}{of} {event.state}{_results(event)}{reason}"
        case Progress():
            return progress_line(event)
        case Drained():
            return drained_line(event)
        case Removed():
            return f"{event.tester} removed after {event.after_s:.1f} s"
        case SweepFinished():
            return (
                f"sweep {event.sweep_id} {event.outcome}: {event.complete} complete, "
                f"{event.truncated} truncated, {event.abandoned} abandoned"
            )
        case TesterPulse():
            again = " again" if event.state == "well" else ""
            cause = f": {event.cause}" if event.cause else ""
            return f"{event.tester} is {event.state}{again}{cause}"
        case TesterFailed():
            return f"{event.tester} failed: {event.what}"
        case Note():
            return event.text if event.level == "info" else f"{event.level}: {event.text}"
        case _:
            return event.kind


def _results(event: RunMoved) -> str:
    """Return what is known of a run's results: how many were planned, and how many are stored."""
    if event.state == "announced" and event.planned is not None:
        return f", {_count(event.planned, 'result')} planned"
    if event.sent and event.stored is not None:
        return f", {event.stored} of {_count(event.planned or event.stored, 'result')} stored"
    return ""


def progress_line(event: Progress) -> str:
    """Return how far a sweep is, in one line."""
    done = f"{event.done} of {event.of} runs" if event.of is not None else _count(event.done, "run")
    failed = f", {event.failed} failed" if event.failed else ""
    left = "" if event.left_s is None else f", {duration(event.left_s)} left"
    return f"{done}{failed}{left}"


def drained_line(event: Drained) -> str:
    """Return what became of a spool, in numbers."""
    parts = [f"{_count(event.delivered, 'report')} delivered"]
    if event.left:
        parts.append(f"{event.left} not delivered")
    if event.rejected:
        parts.append(f"{event.rejected} refused for good")
    reason = f" ({event.reason})" if event.reason else ""
    return f"{event.tester} drained: {', '.join(parts)}{reason}"


def duration(seconds: float) -> str:
    """Return a time to wait, as people say it."""
    if seconds < 1:
        return "less than 1 s"
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
