"""`collector alerts`, on both engines."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import Result

from collector.errors import CollectorError, ConfigurationError
from collector.tables import alert_deliveries, alert_occasions, alert_states
from tests.collector.alerts.a_newsroom import Newsroom
from tests.collector.alerts.a_receiver import SECRET, HttpReceiver, receiving
from tests.collector.test_commands import run

TABLES = (alert_occasions, alert_states, alert_deliveries)


@pytest.fixture
def receiver() -> Iterator[HttpReceiver]:
    with receiving() as found:
        yield found


@pytest.fixture
def file(tmp_path: Path, receiver: HttpReceiver) -> str:
    path = tmp_path / "alerts.yaml"
    path.write_text(
        "version: 1\n"
        "receivers:\n"
        f"  - {{name: ops, webhook: {{url: {receiver.url}}}}}\n"
        "  - {name: dead, webhook: {url: http://127.0.0.1:1/x}}\n"
        "rules:\n"
        "  - {name: regions, rounds: 2 of 3, to: ops}\n"
    )
    return str(path)


def asked(newsroom: Newsroom, file: str, *words: str) -> Result:
    address = newsroom.engine.url.render_as_string(hide_password=False).replace("+psycopg", "")
    return run("alerts", *words, environment={"COLLECTOR_ALERTS": file, "COLLECTOR_DATABASE_URL": address})


def test_a_dry_run_says_what_the_last_sweeps_would_have_told_and_sends_nothing(
    newsroom: Newsroom, file: str, receiver: HttpReceiver
) -> None:
    for word in ("slow", "slow", "ok", "ok", "slow"):
        newsroom.round({"r0": word})
    before = [newsroom.rows(table) for table in TABLES]

    all_of_them = asked(newsroom, file, "test", "--dry-run")
    last = asked(newsroom, file, "test", "--dry-run", "--sweeps", "4", "--to", "ops", "--fleet", "edge")

    assert all_of_them.stdout.splitlines() == [
        "2026-03-01T12:02:00Z  ops",
        "  edge: 1 bad (rule regions)",
        "  • r0 SLOW",
        "2026-03-01T12:04:00Z  ops",
        "  edge: 1 recovered (rule regions)",
        "  ✓ no longer slow, which it was since 2026-03-01T12:02Z: r0 OK",
        "2 messages would have been told; nothing was sent",
    ]
    # The first of two slow ones is not among the last four.
    assert last.stdout == "0 messages would have been told; nothing was sent\n"
    assert receiver.heard == []
    assert [newsroom.rows(table) for table in TABLES] == before


def test_a_test_is_sent_to_each_receiver_once(newsroom: Newsroom, file: str, receiver: HttpReceiver) -> None:
    both = asked(newsroom, file, "test")
    one = asked(newsroom, file, "test", "--to", "ops")

    assert both.stdout.splitlines() == [
        "ops: delivered (200 ok)",
        "dead: failed (it cannot be reached: Connection refused)",
    ]
    assert isinstance(both.exception, CollectorError)
    assert (both.exception.exit_code, str(both.exception)) == (3, "1 of 2 receivers could not be told")
    assert (one.exit_code, len(receiver.heard)) == (0, 2)
    assert receiver.heard[0].text == "This is a test of the collector's alerts. Nothing is wrong."
    nobody = asked(newsroom, file, "test", "--to", "opps").exception
    assert isinstance(nobody, ConfigurationError)


def test_what_is_bad_and_what_was_told_is_listed(
    newsroom: Newsroom, file: str, receiver: HttpReceiver
) -> None:
    from collector.alerts.file import read_rules

    assert asked(newsroom, file, "history").stdout == "nothing was told\n"
    receiver.answers = [(200, {}, "ok"), (503, {}, "busy")]
    for words in ({"r0": "slow"}, {"r0": "slow", "r1": "slow"}, {"r0": "ok", "r1": "slow"}):
        newsroom.round(words)
        newsroom.tell(read_rules(Path(file), {}))

    listed = asked(newsroom, file, "list").stdout
    history = asked(newsroom, file, "history").stdout
    as_json = json.loads(asked(newsroom, file, "history", "--format", "json", "--limit", "1").stdout)

    assert listed.splitlines() == [
        f"receiver ops: webhook http://127.0.0.1:{receiver.port}/… (slack)",
        "receiver dead: webhook http://127.0.0.1:1/… (slack)",
        "rule regions: slow, lossy, recovered, 2 of 3 rounds → ops",
        "  since 2026-03-01T12:02Z  edge: r0 OK",
        "  since 2026-03-01T12:03Z  edge: r1 SLOW",
    ]
    assert history.splitlines() == [
        "2026-03-01T12:03:00Z  ops: waiting (1 attempt, 503 busy)",
        "  edge: 1 bad (rule regions)",
        "  • r1 SLOW",
        "2026-03-01T12:02:00Z  ops: delivered (1 attempt, 200 ok)",
        "  edge: 1 bad (rule regions)",
        "  • r0 SLOW",
    ]
    assert (as_json[0]["state"], as_json[0]["attempts"], as_json[0]["note"]) == ("waiting", 1, "503 busy")
    assert as_json[0]["message"]["alerts"][0]["key"] == "r1"
    assert SECRET not in listed + history
    unknown = asked(newsroom, file, "history", "--fleet", "nobody").exception
    assert str(unknown) == "no fleet is called nobody"


def test_a_dry_run_counts_the_ends_of_sweeps_too(newsroom: Newsroom, tmp_path: Path) -> None:
    path = tmp_path / "sweeps.yaml"
    path.write_text(
        "version: 1\nreceivers: [{name: ops, command: {run: [/bin/false]}}]\n"
        "rules: [{name: sweeps, when: [sweep_failed, recovered], to: ops}]\n"
    )
    for outcome in ("failed", "skipped", "failed", "complete"):
        newsroom.sweep(outcome, note="no quota")
    with newsroom.engine.connect() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(alert_occasions)).scalar() == 4

    said = asked(newsroom, str(path), "test", "--dry-run").stdout

    told = [line for line in said.splitlines() if line.startswith("  ")]
    assert [line[:20] for line in told] == [
        "  edge: 1 bad (rule ",
        told[1][:20],
        "  edge: 1 recovered ",
        "  ✓ no longer sweep ",
    ]
    assert told[1].endswith(" FAILED: no quota")
    assert said.endswith("2 messages would have been told; nothing was sent\n")


def test_a_receivers_address_that_everybody_may_read_is_warned_of(tmp_path: Path) -> None:
    hook, rules = tmp_path / "hook", tmp_path / "alerts.yaml"
    hook.write_text("http://127.0.0.1:1/x")
    rules.write_text(
        "version: 1\nreceivers: [{name: ops, webhook: {url_file: hook}}]\nrules: [{name: regions, to: ops}]\n"
    )

    warned = []
    for mode in (0o644, 0o600):
        hook.chmod(mode)
        warned.append(run("alerts", "check", "--file", str(rules)).stderr)

    words = f"every user of this machine may read {hook}, which url_file names: chmod 600 {hook}"
    assert warned == [f"collector: warning: {words}\n", ""]
