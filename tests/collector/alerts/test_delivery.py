"""How a message reaches its receiver, what keeps it from there, and that nothing is lost by a kill."""

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
import structlog

from collector.alerts.deliveries import GIVE_UP, give_up_old, pause_after
from collector.alerts.rules import Webhook
from collector.tables import alert_deliveries, alert_occasions, alert_states
from tests.collector.alerts.a_newsroom import Newsroom, a_rule, bullets, some_rules
from tests.collector.alerts.a_receiver import HEARD_S, SECRET, Heard, HttpReceiver, free_port, receiving

NEXT = timedelta(seconds=5)


@pytest.fixture
def receiver() -> Iterator[HttpReceiver]:
    with receiving() as found:
        yield found


def states(newsroom: Newsroom) -> list[tuple[str, int, str | None]]:
    return [(row.state, row.attempts, row.note) for row in newsroom.rows(alert_deliveries)]


def test_a_receiver_that_is_down_gets_all_of_it_in_its_order_when_it_is_back(newsroom: Newsroom) -> None:
    port = free_port()
    rules = some_rules(Webhook(url=f"http://127.0.0.1:{port}/{SECRET}"))
    for word in ("slow", "ok", "slow"):
        newsroom.round({"r0": word})
        assert newsroom.tell(rules) == 0
    # The first was tried three times, a minute apart; those behind it wait for it.
    assert states(newsroom) == [
        ("waiting", 3, "it cannot be reached: Connection refused"),
        ("waiting", 0, None),
        ("waiting", 0, None),
    ]
    with receiving(port=port) as receiver:
        assert newsroom.tell(rules) == 0
        newsroom.now += pause_after(3)
        assert newsroom.tell(rules) == 3

    assert [line[:8] for line in bullets(one.text for one in receiver.heard)] == [
        "• r0 SLO",
        "✓ no lon",
        "• r0 SLO",
    ]
    assert [row[:2] for row in states(newsroom)] == [("delivered", 4), ("delivered", 1), ("delivered", 1)]


def test_pauses_grow_up_to_a_bound_and_there_is_an_end(newsroom: Newsroom, receiver: HttpReceiver) -> None:
    assert [pause_after(number).total_seconds() for number in (1, 2, 3, 8, 9, 1_000)] == [
        5,
        10,
        20,
        640,
        900,
        900,
    ]
    rules = some_rules(Webhook(url=receiver.url))
    receiver.answers = [(503, {}, "later")] * 1_000
    newsroom.round({"r0": "slow"})
    begun = newsroom.now
    while states(newsroom)[:1] == [] or states(newsroom)[0][0] == "waiting":
        newsroom.tell(rules)
        newsroom.now += timedelta(minutes=15)
        assert newsroom.now < begun + 2 * GIVE_UP

    ((state, attempts, note),) = states(newsroom)
    assert (state, note) == ("given_up", "503 later")
    assert attempts == len(receiver.heard) > 50
    assert len({one.key for one in receiver.heard}) == 1


def test_a_message_that_is_refused_keeps_none_behind_it(newsroom: Newsroom, receiver: HttpReceiver) -> None:
    rules = some_rules(Webhook(url=receiver.url))
    receiver.answers = [
        (400, {}, f"invalid_payload for /services/{SECRET}"),
        (302, {"Location": f"{receiver.url}/elsewhere"}, ""),
        (429, {"Retry-After": "7"}, "slow down"),
    ]
    for word in ("slow", "ok", "slow"):
        newsroom.round({"r0": word})
    newsroom.tell(rules)

    assert states(newsroom) == [
        ("given_up", 1, "400 invalid_payload for /***/***"),
        ("given_up", 1, "302: redirects are not followed"),
        ("waiting", 1, "429 slow down"),
    ]
    assert newsroom.rows(alert_deliveries)[2].next_at == newsroom.now + timedelta(seconds=7)
    newsroom.now += timedelta(seconds=7)
    assert newsroom.tell(rules) == 1
    # What a redirect named was not asked.
    assert [(one.method, one.path.count("/")) for one in receiver.heard] == [("POST", 4)] * 4


def test_a_receiver_that_never_ends_its_answer_is_left_and_the_others_hear(
    newsroom: Newsroom, receiver: HttpReceiver
) -> None:
    with receiving() as slow:
        slow.hang = threading.Event()
        rules = some_rules(Webhook(url=slow.url, timeout_s=0.2), a_rule(to=("ops", "also")))
        also = some_rules(Webhook(url=receiver.url)).receivers[0]
        rules = type(rules)(
            rules=rules.rules, receivers=(*rules.receivers, type(also)(name="also", by=also.by))
        )
        newsroom.round({"r0": "slow"})
        assert newsroom.tell(rules) == 1

    found = {row.receiver: (row.state, row.note) for row in newsroom.rows(alert_deliveries)}
    assert found == {"ops": ("waiting", "no answer within 0.2 s"), "also": ("delivered", "200 ok")}


def test_what_no_collector_delivers_is_given_up_after_a_day(newsroom: Newsroom) -> None:
    newsroom.round({"r0": "slow"})
    newsroom.teller(some_rules(Webhook(url="http://127.0.0.1:1/x"))).evaluate()
    assert give_up_old(newsroom.engine, now=newsroom.now + GIVE_UP) == 0
    assert give_up_old(newsroom.engine, now=newsroom.now + GIVE_UP + NEXT) == 1
    assert states(newsroom) == [("given_up", 0, "it could not be delivered within 24 hours")]


def certificate(directory: Path) -> tuple[Path, Path]:
    if shutil.which("openssl") is None:
        pytest.skip("no openssl to make a certificate")
    key, public = directory / "key.pem", directory / "cert.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-keyout", key, "-out", public, "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"],
        check=True, capture_output=True, timeout=60,
    )  # fmt: skip
    return public, key


def test_a_certificate_that_nobody_vouches_for_is_refused_and_the_url_stays_secret(
    newsroom: Newsroom, tmp_path: Path
) -> None:
    public, key = certificate(tmp_path)
    with receiving(certificate=(public, key)) as receiver, structlog.testing.capture_logs() as logs:
        url = receiver.url.replace("http://", "https://")
        newsroom.round({"r0": "slow"})
        assert newsroom.tell(some_rules(Webhook(url=url))) == 0
        ((_, _, refused),) = states(newsroom)
        assert receiver.heard == []
        newsroom.now += NEXT
        assert newsroom.tell(some_rules(Webhook(url=url, ca_file=str(public)))) == 1

    assert refused == "its certificate is not to be trusted: self-signed certificate"
    assert [(log["event"], log["attempt"]) for log in logs] == [("alert.failed", 1), ("alert.delivered", 2)]
    assert SECRET not in str(logs)
    assert SECRET not in repr(some_rules(Webhook(url=url)))
    assert SECRET not in Webhook(url=url).shown


PROGRAM = """
import os, signal, sys
from datetime import datetime
import sqlalchemy as sa
from collector.session import engine_of
from tests.collector.alerts.a_newsroom import Newsroom, some_rules
from collector.alerts.rules import Webhook
engine = engine_of(sys.argv[1])
newsroom = Newsroom(engine=engine, now=datetime.fromisoformat(sys.argv[2]))
if sys.argv[4] == "commit":
    sa.event.listen(
        engine, "before_cursor_execute",
        lambda *given: "INTO alert_deliveries" in given[2] and os.kill(os.getpid(), signal.SIGKILL),
    )
newsroom.tell(some_rules(Webhook(url=sys.argv[3], timeout_s=30.0)))
"""


def killed(newsroom: Newsroom, url: str, *, at: str) -> "subprocess.Popen[bytes]":
    address = newsroom.engine.url.render_as_string(hide_password=False).replace("+psycopg", "")
    given = [address, newsroom.now.isoformat(), url, at]
    return subprocess.Popen([sys.executable, "-c", PROGRAM, *given], env=os.environ | {"PYTHONPATH": "."})


def test_whoever_is_killed_while_it_tells_is_followed_by_another_with_the_same_key(
    newsroom: Newsroom, receiver: HttpReceiver
) -> None:
    newsroom.round({"r0": "slow"})
    receiver.hang = threading.Event()
    process = killed(newsroom, receiver.url, at="delivery")
    receiver.awaited(1)
    process.kill()
    assert process.wait(HEARD_S) == -signal.SIGKILL
    receiver.hang.set()
    receiver.hang = None

    rules = some_rules(Webhook(url=receiver.url, timeout_s=30.0))
    # Until its time is over it may live: nobody else tells it.
    newsroom.now += timedelta(seconds=89)
    assert newsroom.tell(rules) == 0
    newsroom.now += timedelta(seconds=1)
    assert newsroom.tell(rules) == 1

    first, second = receiver.heard
    assert same(first, second)
    assert states(newsroom) == [("delivered", 2, "200 ok")]


def test_whoever_is_killed_while_it_evaluates_has_told_and_changed_nothing(
    newsroom: Newsroom, receiver: HttpReceiver
) -> None:
    newsroom.round({"r0": "slow"})
    process = killed(newsroom, receiver.url, at="commit")
    assert process.wait(HEARD_S) == -signal.SIGKILL
    assert (newsroom.rows(alert_states), newsroom.rows(alert_deliveries)) == ([], [])
    with newsroom.engine.connect() as connection:
        evaluated = connection.execute(sa.select(alert_occasions.c.evaluated_at)).scalars().all()
    assert evaluated == [None]

    assert newsroom.tell(some_rules(Webhook(url=receiver.url))) == 1
    assert bullets(one.text for one in receiver.heard) == ["• r0 SLOW"]


def same(one: Heard, other: Heard) -> bool:
    return (one.key, one.body) == (other.key, other.body)
