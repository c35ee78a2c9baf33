"""Brings announcements, heartbeats and reports to the collector, in a thread of its own."""

import threading
import time
from collections.abc import Callable
from uuid import UUID

from tester import VERSION
from tester.collector import PREFIX, Answer, Collector
from tester.errors import CollectorAway, CorruptReport, SpoolFailed, UsageError, WrongVersion
from tester.log import Log
from tester.meeting import doubt_about
from tester.outbox import Held, Outbox
from tester.pauses import Pauses
from tester.spool import Spooled
from tester.status import Status
from wire.announce import Announcement, Heartbeat
from wire.report import DIGEST_HEADER, digest_of
from wire.versions import API_VERSION

DONE = (200, 201, 202, 204)
NEVER = (400, 403, 409, 410, 413, 422)
"""What will be answered again however often the same report is sent."""
SHORT_S = 10.0
REPORT_S, SLOWEST_BYTES_PER_S = 30.0, 50_000
IDLE_S = 60.0
QUIETEST_S = 60.0
"""Probing keeps reports waiting no longer than this."""


class Delivery:
    """One thread that alone speaks with the collector, one request after another.

    `collector` None means that somebody else fetches the reports: nothing is sent.
    """

    def __init__(
        self,
        *,
        collector: Collector | None,
        tester_id: UUID,
        outbox: Outbox,
        log: Log,
        dice: Callable[[], float],
        heartbeat_every_s: float = 30.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.collector = collector
        self.status = Status()
        self.last_error: str | None = None
        self.rejected_now = 0
        self._tester_id = tester_id
        self._outbox = outbox
        self._log = log
        self._heartbeat_every_s = heartbeat_every_s
        self._clock = clock
        self._pauses = Pauses(dice=dice)
        self._not_before = 0.0
        self._quiet_until = 0.0
        self._heartbeat_due = 0.0
        self._met = False
        self._met_with: Collector | None = None
        self._wrong: str | None = None
        self._told: str | None = None
        self._pending: Announcement | None = None
        self._announced: Answer | None = None
        self._failures = 0
        self._ending = False
        self._changed = threading.Condition()
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._work, name="delivery", daemon=True)

    def start(self) -> None:
        """Begin to deliver."""
        self._thread.start()

    def point_at(self, collector: Collector | None) -> None:
        """Speak with another collector from now on."""
        self.collector = collector
        self._met = False
        self._not_before = 0.0
        self._wake.set()

    def meet(self, *, wait_s: float) -> None:
        """Wait for the first contact; raise `WrongVersion` where the collector speaks another version."""
        self._wait_for(lambda: self._met or self._wrong is not None or self._failures > 0, wait_s)
        if self._wrong is not None:
            raise WrongVersion(self._wrong)

    def announce(
        self,
        announcement: Announcement,
        *,
        wait_s: float,
        give_up: Callable[[], bool] = lambda: False,
    ) -> Answer | None:
        """Announce a run; return the answer, or None where there was none within `wait_s`.

        It is sent later all the same, unless the run's report is there first.
        """
        if self.collector is None:
            return None
        with self._changed:
            self._pending, self._announced = announcement, None
            failures = self._failures
        self._wake.set()
        self._wait_for(lambda: self._pending is None or self._failures > failures, wait_s, give_up=give_up)
        return self._announced

    def quiet(self, *, for_s: float) -> None:
        """Send no reports for a while, so that probing is not disturbed; 0 ends it."""
        self._quiet_until = self._clock() + min(for_s, QUIETEST_S)
        if for_s <= 0:
            self._wake.set()

    def wake(self) -> None:
        """Say that there is something to deliver."""
        self._wake.set()

    def wait_empty(self, *, wait_s: float, give_up: Callable[[], bool]) -> bool:
        """Wait until nothing waits any more; return whether that is so."""
        self._wake.set()
        return self._wait_for(lambda: self._outbox.count() == 0, wait_s, give_up=give_up)

    def healthy(self) -> bool:
        """Return whether the last request was answered as it should be."""
        return self.collector is not None and self._met and self._failures == 0

    def end(self, *, wait_s: float) -> None:
        """Say goodbye and stop."""
        self._ending = True
        self._wake.set()
        self._thread.join(timeout=wait_s)

    def note_error(self, text: str) -> None:
        """Let the next heartbeat tell of something."""
        self.last_error = text[:1_000]
        self._heartbeat_due = 0.0
        self._wake.set()

    def _wait_for(
        self,
        true: Callable[[], bool],
        wait_s: float,
        *,
        give_up: Callable[[], bool] = lambda: False,
    ) -> bool:
        end = time.monotonic() + wait_s
        with self._changed:
            while not true():
                left_s = end - time.monotonic()
                if left_s <= 0 or give_up():
                    return False
                self._changed.wait(min(left_s, 0.2))
        return True

    def _work(self) -> None:
        while True:
            ending = self._ending
            try:
                wait_s = self._step(last=ending)
            except Exception as error:  # noqa: BLE001 -- a fault here must not end all delivery in silence
                self._trouble("delivery_fault", f"delivery met a fault of its own: {error!r}")
                wait_s = 1.0
            with self._changed:
                self._changed.notify_all()
            if ending:
                if self._met_with is not None:
                    self._met_with.close()
                return
            self._wake.wait(wait_s)
            self._wake.clear()

    def _step(self, *, last: bool) -> float:
        """Do the next thing; return how long there is nothing to do."""
        if self._outbox.held_count():
            self._outbox.settle()
        now = self._clock()
        collector = self.collector
        if collector is not self._met_with:
            if self._met_with is not None:
                self._met_with.close()
            self._met_with = collector
        if collector is None:
            return 5.0 if self._outbox.held_count() else IDLE_S
        if last:
            if self._failures == 0 and self._met:
                self._beat(collector, deadline_s=2.0)
            return 0.0
        pending = self._pending
        if pending is not None:
            if not self._met:
                self._meet(collector)
            self._announce(collector, pending)
            return 0.0
        if now < self._not_before:
            return self._not_before - now
        if not self._met:
            self._meet(collector)
            return 0.0
        if now >= self._heartbeat_due:
            self._beat(collector, deadline_s=SHORT_S)
            return 0.0
        until_beat_s = max(0.0, self._heartbeat_due - now)
        report = self._outbox.next()
        if report is None:
            return until_beat_s
        if now < self._quiet_until:
            return min(until_beat_s, self._quiet_until - now)
        self._send(collector, report)
        return 0.0

    def _meet(self, collector: Collector) -> None:
        """Ask once who is there, before anything is sent to a stranger or to another version."""
        try:
            answer = collector.ask("GET", "/healthz", deadline_s=SHORT_S)
        except (CollectorAway, UsageError) as error:
            self._trouble("collector_away", str(error))
            return
        doubt = doubt_about(answer, url=collector.url)
        if doubt is None:
            self._wrong = None
            self._met = True
            self._well()
            return
        if doubt.is_version:
            self._wrong = doubt.text
        self._trouble(doubt.event, doubt.text, answer)

    def _announce(self, collector: Collector, announcement: Announcement) -> None:
        answer = None
        if self._met:
            path = f"/runs/{announcement.run_id}"
            answer = self._ask(collector, "PUT", path, announcement.to_bytes(), deadline_s=SHORT_S)
        if answer is not None and answer.status not in DONE:
            if answer.status in NEVER:
                self._tell("announcement_refused", f"the collector refuses this run: {answer.words}")
            else:
                self._unwelcome(collector, answer)
        elif answer is not None:
            self._well()
        with self._changed:
            if self._pending is announcement:
                # Without an answer it is not tried again: the report implies it.
                self._pending, self._announced = None, answer

    def _beat(self, collector: Collector, *, deadline_s: float) -> None:
        status = self.status
        self._heartbeat_due = self._clock() + self._heartbeat_every_s
        heartbeat = Heartbeat(
            tester_id=self._tester_id,
            state="stopping" if self._ending else status.state,
            sweep_id=status.sweep_id,
            run_id=status.run_id,
            index=status.index,
            of=status.of,
            next_run_at=status.next_run_at,
            spooled_count=self._outbox.count(),
            spooled_bytes=self._outbox.waiting_bytes(),
            rejected_count=self._outbox.rejected_count,
            skipped_count=self._outbox.skipped_count,
            last_error=self.last_error,
            version=VERSION,
        )
        answer = self._ask(collector, "POST", "/heartbeats", heartbeat.to_bytes(), deadline_s=deadline_s)
        if answer is not None and answer.status in DONE:
            self._well()
        elif answer is not None and answer.status in NEVER:
            self._tell("heartbeat_refused", f"the collector refuses the heartbeat: {answer.words}")
        elif answer is not None:
            self._unwelcome(collector, answer)

    def _send(self, collector: Collector, report: Spooled | Held) -> None:
        try:
            if isinstance(report, Held):
                content, body, coding = report.body, report.body, {}
            else:
                content, body = self._outbox.spool.read(report)
                coding = {"Content-Encoding": "gzip"}
        except CorruptReport as error:
            self._reject(report, {"error": "corrupt", "message": str(error)})
            return
        except FileNotFoundError:
            self._outbox.delivered(report.run_id)
            self._tell("report_gone", f"the spooled report of run {report.run_id} was taken away by somebody")
            return
        except OSError as error:
            self._outbox.put_back(report.run_id)
            self._trouble("spool_unreadable", f"a spooled report cannot be read: {error}")
            return
        deadline_s = REPORT_S + len(content) / SLOWEST_BYTES_PER_S
        headers = coding | {DIGEST_HEADER: digest_of(body)}
        path = f"/runs/{report.run_id}/report"
        answer = self._ask(collector, "PUT", path, content, deadline_s=deadline_s, headers=headers)
        if answer is None:
            self._outbox.put_back(report.run_id)
        elif answer.status in DONE + NEVER and not answer.is_about_a_report:
            # A proxy, a portal, another program: its yes keeps nothing, and its no is not the last word.
            self._outbox.put_back(report.run_id)
            self._trouble(
                "not_the_collector",
                f"{collector.url}: the answer ({answer.status}) is not a collector's; what stands between? "
                "Reports stay in the spool",
            )
        elif answer.status in DONE:
            self._outbox.delivered(report.run_id)
            self._well()
            self._log.info(
                "delivered",
                "a report was delivered",
                run_id=report.run_id,
                repeated=answer.body.get("repeated"),
            )
        elif answer.status in NEVER:
            known = {"status": answer.status, "error": answer.error, "message": answer.body.get("message")}
            self._reject(report, known | {"hint": answer.body.get("hint")}, words=answer.words)
        else:
            # Another report may fare better: what fails for this one alone must not block the rest.
            self._outbox.put_back(report.run_id)
            self._unwelcome(collector, answer)

    def _ask(
        self,
        collector: Collector,
        method: str,
        path: str,
        body: bytes,
        *,
        deadline_s: float,
        headers: dict[str, str] | None = None,
    ) -> Answer | None:
        try:
            return collector.ask(method, PREFIX + path, body=body, headers=headers, deadline_s=deadline_s)
        except CollectorAway as error:
            self._trouble("collector_away", str(error))
        except UsageError as error:
            self._trouble("no_token", str(error))
        return None

    def _reject(self, report: Spooled | Held, reason: dict[str, object], *, words: str = "") -> None:
        try:
            self._outbox.reject(report.run_id, reason=reason)
        except (OSError, SpoolFailed) as error:
            self._outbox.put_back(report.run_id)
            self._trouble("cannot_reject", f"a refused report cannot be put aside: {error}")
            return
        self.rejected_now += 1
        text = (
            f"the report of run {report.run_id} will never be accepted "
            f"({words or reason.get('message')}); it lies in {self._outbox.spool.rejected}"
        )
        self._log.error("report_rejected", text, run_id=report.run_id, reason=reason)
        self.note_error(text)

    def _unwelcome(self, collector: Collector, answer: Answer) -> None:
        """Tell of an answer after which the same may be tried again."""
        if answer.status == 401:
            self._trouble(
                "unauthorized",
                f"{collector.url} refuses this tester's credentials (401): is {self._tester_id} registered, "
                "and the token file the right one? Reports stay in the spool",
                answer,
            )
        elif answer.status in (404, 405, 426, 501) or 300 <= answer.status < 400:
            self._trouble(
                "wrong_api",
                f"{collector.url} does not know API version {API_VERSION} ({answer.words}): "
                "use the tester that belongs to that collector, or give another --collector",
                answer,
            )
        else:
            self._trouble("collector_busy", f"{collector.url}: {answer.words}", answer)

    def _trouble(self, event: str, text: str, answer: Answer | None = None) -> None:
        asked_s = None if answer is None else answer.retry_after_s
        self._failures += 1
        self._not_before = self._clock() + self._pauses.next_s(asked_s=asked_s)
        self._tell(event, text)
        with self._changed:
            self._changed.notify_all()

    def _tell(self, event: str, text: str) -> None:
        self.last_error = text[:1_000]
        if self._told != text:
            self._told = text
            self._log.warning(event, text)

    def _well(self) -> None:
        if self._failures:
            self._log.info("collector_back", "the collector answers again")
        self._failures = 0
        self._told = None
        self._not_before = 0.0
        self._pauses.reset()
