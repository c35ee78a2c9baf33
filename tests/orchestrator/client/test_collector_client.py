import base64
import gzip
import json
import logging
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest

from orchestrator.collector_client import (
    CollectorClient,
    CollectorRefused,
    CollectorUnreachable,
    EventsSilent,
    NotACollector,
    WrongVersion,
)
from orchestrator.collector_client.connection import checked_url
from orchestrator.collector_client.credentials import check_may_be_told, is_private
from orchestrator.errors import ConfigurationError
from wire.report import DIGEST_HEADER, digest_of

FLEET = UUID("11111111-1111-4111-8111-111111111111")
SWEEP = UUID("22222222-2222-4222-8222-222222222222")
TESTER = UUID("33333333-3333-4333-8333-333333333333")
HEALTHY = {
    "status": "ok",
    "instance_id": "44444444-4444-4444-8444-444444444444",
    "version": "9.9.9",
    "api_version": 1,
    "report_versions": [1],
}

Make = Callable[..., CollectorClient]


@pytest.fixture
def client(stage: Any) -> Iterator[CollectorClient]:
    with CollectorClient(stage.url, admin_token="admin-secret", deadline_s=5.0) as made:
        yield made


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def test_a_collector_of_our_version_says_who_it_is(stage: Any, reply: Any, client: CollectorClient) -> None:
    stage.says(reply(body=HEALTHY))

    assert client.check_version().instance_id == HEALTHY["instance_id"]
    assert "Authorization" not in stage.asked[0].headers


def test_another_api_version_is_exit_2_with_the_remedy(
    stage: Any, reply: Any, client: CollectorClient
) -> None:
    stage.says(reply(body=HEALTHY | {"api_version": 7}))

    with pytest.raises(WrongVersion) as caught:
        client.check_version()

    assert caught.value.exit_code == 2
    assert caught.value.what == f"the collector at {stage.url} speaks API version 7, this orchestrator 1"
    assert caught.value.cause == "that collector (9.9.9) is newer than this orchestrator"
    assert caught.value.next_step == (
        "upgrade this orchestrator to the collector's release; one version behind is the most"
    )


def test_a_collector_that_is_older_is_to_be_upgraded(stage: Any, reply: Any, client: CollectorClient) -> None:
    stage.says(reply(body=HEALTHY | {"api_version": 0, "report_versions": [0]}))

    with pytest.raises(WrongVersion) as caught:
        client.check_version()

    assert caught.value.cause == "that collector (9.9.9) is older than this orchestrator"
    assert caught.value.next_step == "upgrade the collector; collectors are upgraded first"


def test_a_collector_of_the_next_version_that_still_answers_to_ours_is_taken(
    stage: Any, reply: Any, client: CollectorClient
) -> None:
    stage.says(
        reply(body=HEALTHY | {"api_version": 2, "api_versions": [2, 1], "report_versions": [2, 1]}),
        reply(body=HEALTHY | {"api_version": 2, "api_versions": [2, 1], "report_versions": [2]}),
    )

    assert client.check_version().api_version == 2
    with pytest.raises(WrongVersion, match=r"speaks report version 2, this orchestrator 1$"):
        client.check_version()


def test_a_collector_that_does_not_read_our_reports_is_the_wrong_version(
    stage: Any, reply: Any, client: CollectorClient
) -> None:
    stage.says(reply(body=HEALTHY | {"report_versions": [2, 3]}))

    with pytest.raises(WrongVersion, match=r"speaks report version 2, 3, this orchestrator 1$"):
        client.check_version()


@pytest.mark.parametrize(
    "body", [{}, {"status": "ok"}, HEALTHY | {"api_version": "one"}, HEALTHY | {"report_versions": None}]
)
def test_a_stranger_that_answers_in_json_is_not_a_collector(
    stage: Any, reply: Any, client: CollectorClient, body: dict[str, object]
) -> None:
    stage.says(reply(body=body))

    with pytest.raises(NotACollector) as caught:
        client.check_version()

    assert caught.value.exit_code == 2
    assert caught.value.what == f"what answers at {stage.url} is not a collector"


@pytest.mark.parametrize("status", [200, 301, 404])
def test_a_web_site_is_not_a_collector(stage: Any, reply: Any, client: CollectorClient, status: int) -> None:
    stage.says(reply(status=status, raw=b"<html>hello</html>", headers={"Location": "https://192.0.2.1/"}))

    with pytest.raises(NotACollector):
        client.healthz()

    assert len(stage.asked) == 1


def test_nobody_there_is_said_with_the_url_and_what_to_do() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with CollectorClient(url, deadline_s=1.0) as client, pytest.raises(CollectorUnreachable) as caught:
            client.healthz(tries=1)

    assert caught.value.what == f"the collector at {url} does not answer"
    assert "refused" in caught.value.cause
    assert caught.value.next_step == "see whether it runs, and whether collector.url is right"
    assert caught.value.exit_code == 1


def test_a_collector_that_accepts_but_never_answers_is_given_up_at_the_deadline(
    stage: Any, reply: Any, client: CollectorClient
) -> None:
    stage.says(reply(status=-1))

    with pytest.raises(CollectorUnreachable) as caught:
        client.healthz(deadline_s=0.2, tries=1)

    assert caught.value.cause == "it did not answer in time"


def test_a_broken_connection_is_tried_again(stage: Any, reply: Any, client: CollectorClient) -> None:
    stage.says(reply(status=0), reply(status=0), reply(body=HEALTHY))

    client.healthz()

    assert len(stage.asked) == 3


def test_an_overloaded_collector_is_asked_again_after_the_pause_that_it_wants(
    stage: Any, reply: Any, client: CollectorClient
) -> None:
    busy = reply(status=503, body={"error": "busy", "message": "full"}, headers={"Retry-After": "0"})
    stage.says(busy, reply(body={"fleets": []}))

    assert client.fleets() == []
    assert len(stage.asked) == 2


def test_a_pause_that_is_longer_than_the_deadline_is_not_waited_for(
    stage: Any, reply: Any, client: CollectorClient
) -> None:
    stage.says(reply(status=503, body={"error": "busy", "message": "full"}, headers={"Retry-After": "3600"}))

    with pytest.raises(CollectorRefused) as caught:
        client.fleets()

    assert caught.value.retry_after_s == 3600.0
    assert caught.value.is_passing
    assert len(stage.asked) == 1


def test_retries_print_nothing(
    stage: Any, reply: Any, client: CollectorClient, capfd: pytest.CaptureFixture[str]
) -> None:
    logging.getLogger("stamina").setLevel(logging.CRITICAL)
    stage.says(reply(status=0), reply(body=HEALTHY))

    client.healthz()

    assert capfd.readouterr().out == ""


def test_a_refusal_is_not_tried_again_and_carries_what_the_collector_said(
    stage: Any, reply: Any, client: CollectorClient
) -> None:
    stage.says(
        reply(
            status=409,
            body={
                "error": "fleet_name_taken",
                "message": "the name edge is taken",
                "hint": "say --join",
                "registered_by": "ann@laptop",
            },
        )
    )

    with pytest.raises(CollectorRefused) as caught:
        client.put_fleet(FLEET, name="edge", spec={}, orchestrator="bob@desk")

    refused = caught.value
    assert (refused.status, refused.code, refused.message) == (
        409,
        "fleet_name_taken",
        "the name edge is taken",
    )
    assert refused.hint == refused.next_step == "say --join"
    assert refused.body["registered_by"] == "ann@laptop"
    assert refused.exit_code == 2
    assert refused.what == (
        f"the collector at {stage.url} refused PUT /api/v1/fleets/{FLEET}: the name edge is taken"
    )
    assert len(stage.asked) == 1


def test_a_wrong_token_is_said_with_where_tokens_come_from(
    stage: Any, reply: Any, client: CollectorClient
) -> None:
    stage.says(reply(status=401, body={"error": "unauthorized", "message": "wrong token", "hint": None}))

    with pytest.raises(CollectorRefused) as caught:
        client.fleets()

    assert caught.value.exit_code == 2
    assert "ORCHESTRATE_ADMIN_TOKEN_FILE" in caught.value.next_step
    assert "admin-secret" not in f"{caught.value!r} {caught.value} {caught.value.__dict__}"


def test_a_server_error_is_the_collectors_fault(stage: Any, reply: Any, client: CollectorClient) -> None:
    stage.says(reply(status=500, raw=b"Internal Server Error"))

    with pytest.raises(CollectorRefused) as caught:
        client.fleets()

    assert (caught.value.status, caught.value.exit_code) == (500, 1)


def test_admin_changes_and_reader_reads(stage: Any, reply: Any) -> None:
    stage.says(reply(status=201), reply(body={"fleets": []}))

    with CollectorClient(stage.url, admin_token="a", reader_token="r") as client:
        assert client.put_fleet(FLEET, name="edge", spec={"version": 1}, orchestrator="bob@desk")
        client.fleets(name="edge")

    change, question = stage.asked
    assert change.headers["Authorization"] == basic("admin", "a")
    assert json.loads(change.body) == {"name": "edge", "spec": {"version": 1}, "orchestrator": "bob@desk"}
    assert question.headers["Authorization"] == basic("reader", "r")
    assert question.path == "/api/v1/fleets?name=edge&limit=1000"


def test_the_admin_token_reads_where_there_is_no_other(
    stage: Any, reply: Any, client: CollectorClient
) -> None:
    stage.says(reply(body={"servers": []}))

    client.servers(fleet=FLEET)

    assert stage.asked[0].headers["Authorization"] == basic("admin", "admin-secret")


def test_a_change_without_an_admin_token_asks_for_one(stage: Any) -> None:
    with (
        CollectorClient(stage.url) as client,
        pytest.raises(ConfigurationError, match="no admin token") as caught,
    ):
        client.finish_sweep(SWEEP, outcome="complete")

    assert "collector.admin_token" in caught.value.next_step
    assert stage.asked == []


@pytest.mark.parametrize("url", ["http://203.0.113.9:9090", "http://[2001:db8::1]:9090"])
def test_credentials_do_not_cross_a_public_network_in_plain_text(url: str) -> None:
    with (
        CollectorClient(url, admin_token="secret") as client,
        pytest.raises(ConfigurationError, match="not sent over plain http") as caught,
    ):
        client.fleets()

    assert caught.value.next_step == "use https, or say collector.insecure: true in fleet.yaml"
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["https://203.0.113.9", "http://127.0.0.1", "http://10.1.2.3", "http://[::1]", "http://localhost"]
)
def test_credentials_go_over_tls_or_within_private_networks(url: str) -> None:
    check_may_be_told(url, insecure=False)


def test_insecure_lets_credentials_go_anywhere() -> None:
    check_may_be_told("http://203.0.113.9", insecure=True)


def test_a_mapped_address_is_judged_by_what_it_maps() -> None:
    assert is_private("::ffff:10.0.0.1")
    assert not is_private("::ffff:203.0.113.9")


@pytest.mark.parametrize(
    "url", ["collector:9090", "", "ftp://host", "http://", "http://h:99999", "http://[::1"]
)
def test_rubbish_is_no_url(url: str) -> None:
    with pytest.raises(ConfigurationError, match="is not the URL of a collector"):
        checked_url(url)


def test_a_url_with_a_password_is_refused_without_repeating_it() -> None:
    with pytest.raises(ConfigurationError, match="holds credentials") as caught:
        checked_url("https://admin:hunter2@collector.example.net")

    assert "hunter2" not in str(caught.value)


def test_pages_are_followed_to_their_end(stage: Any, reply: Any, client: CollectorClient) -> None:
    stage.says(
        reply(body={"runs": [{"index": 0}, {"index": 1}], "next": "c1"}),
        reply(body={"runs": [{"index": 2}], "next": None}),
    )

    assert [run["index"] for run in client.runs(sweep_id=SWEEP, state="complete")] == [0, 1, 2]
    assert stage.asked[0].path == f"/api/v1/runs?sweep_id={SWEEP}&state=complete&limit=1000"
    assert stage.asked[1].path.endswith("&cursor=c1")


def test_a_limit_ends_paging(stage: Any, reply: Any, client: CollectorClient) -> None:
    stage.says(reply(body={"sweeps": [{}, {}, {}], "next": "c1"}))

    assert len(list(client.sweeps(fleet="edge", limit=2))) == 2
    assert len(stage.asked) == 1


def test_a_cursor_that_stands_still_is_not_followed_for_ever(
    stage: Any, reply: Any, client: CollectorClient
) -> None:
    stage.says(reply(body={"results": [{}], "next": "again"}))

    with pytest.raises(NotACollector) as caught:
        list(client.results())

    assert caught.value.cause == "its pages of results do not end"


def test_times_are_asked_for_in_utc(stage: Any, reply: Any, client: CollectorClient) -> None:
    noon = datetime(2026, 11, 20, 13, 0, tzinfo=timezone(timedelta(hours=1)))

    client.matrix(fleet="a b&c", since=noon)

    assert stage.asked[0].path == "/api/v1/matrix?fleet=a+b%26c&since=2026-11-20T12%3A00%3A00.000000Z"


def test_a_report_is_delivered_packed_with_the_digest_of_what_it_holds(
    stage: Any, reply: Any, client: CollectorClient
) -> None:
    stage.says(reply(status=201, body={"run_id": str(SWEEP), "stored": 3, "repeated": False}))

    assert client.put_report(SWEEP, b'{"v":1}')["stored"] == 3

    [asked] = stage.asked
    assert gzip.decompress(asked.body) == b'{"v":1}'
    assert asked.headers[DIGEST_HEADER] == digest_of(b'{"v":1}')
    assert asked.headers["Content-Encoding"] == "gzip"


def test_changes_say_what_the_contract_names(stage: Any, reply: Any, client: CollectorClient) -> None:
    noon = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
    stage.says(reply(status=200))

    assert not client.put_tester(
        TESTER,
        fleet_id=FLEET,
        name="oslo",
        location=None,
        vps_provider=None,
        config={"driver": "local"},
        token_sha256=None,
    )
    client.put_sweep(SWEEP, fleet_id=FLEET, spec={}, started_at=noon)
    client.retire_tester(TESTER)
    client.abandon_run(SWEEP, tester_id=TESTER, sweep_id=SWEEP, index=1, of=None, reason="host gone")

    assert [(asked.method, asked.path) for asked in stage.asked] == [
        ("PUT", f"/api/v1/testers/{TESTER}"),
        ("PUT", f"/api/v1/sweeps/{SWEEP}"),
        ("POST", f"/api/v1/testers/{TESTER}/retire"),
        ("POST", f"/api/v1/runs/{SWEEP}/abandon"),
    ]
    assert json.loads(stage.asked[1].body)["started_at"] == "2026-11-20T12:00:00+00:00"
    assert json.loads(stage.asked[3].body)["reason"] == "host gone"


def test_events_are_read_as_they_come_and_resumed(stage: Any, reply: Any, client: CollectorClient) -> None:
    stream = (
        b'retry: 250\n\nid: 8\nevent: run.reported\ndata: {"run_id": "x"}\n\nid: 9\nevent: odd\ndata: ?\n\n'
    )
    stage.says(reply(raw=stream, headers={"Content-Type": "text/event-stream; charset=latin-1"}))

    with client.events(after="7", silent_s=2.0) as opened:
        events = list(opened)

    assert [(event.id, event.kind, event.data) for event in events if event is not None] == [
        ("8", "run.reported", {"run_id": "x"}),
        ("9", "odd", {}),
    ]
    assert (opened.last_id, opened.retry_s) == ("9", 0.25)
    assert stage.asked[0].headers["Last-Event-ID"] == "7"


def test_signs_of_life_are_told_as_nothing(stage: Any, reply: Any, client: CollectorClient) -> None:
    stage.says(reply(raw=b": alive\n\n", headers={"Content-Type": "text/event-stream"}))

    with client.events(silent_s=2.0) as opened:
        assert list(opened) == [None]

    assert "Last-Event-ID" not in stage.asked[0].headers


def test_a_stream_that_is_refused_says_why(stage: Any, reply: Any, client: CollectorClient) -> None:
    stage.says(reply(status=401, body={"error": "unauthorized", "message": "wrong token"}))

    with pytest.raises(CollectorRefused, match="wrong token"), client.events(silent_s=1.0):
        pass


@pytest.mark.parametrize("status", [200, 301, 404])
def test_a_page_in_place_of_events_is_not_a_collectors(
    stage: Any, reply: Any, client: CollectorClient, status: int
) -> None:
    stage.says(reply(status=status, raw=b"<html>hello</html>", headers={"Content-Type": "text/html"}))

    with pytest.raises(NotACollector), client.events(silent_s=1.0):
        pass


def test_a_stream_that_says_nothing_is_given_up(stage: Any, reply: Any, client: CollectorClient) -> None:
    stage.says(reply(status=-1))

    with pytest.raises(EventsSilent, match="do not come"), client.events(silent_s=0.2):
        pass


def test_a_stream_is_cut_while_somebody_waits_for_its_next_event() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor() as pool:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with CollectorClient(url) as client, ExitStack() as held:
            opening = pool.submit(lambda: held.enter_context(client.events(silent_s=60.0)))
            theirs = held.enter_context(listener.accept()[0])
            theirs.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n: alive\n\n")
            stream = opening.result(20)
            reading = pool.submit(list, stream)
            stream.cut()
            assert set(reading.result(20)) <= {None}


def test_an_answer_that_drips_is_cut_at_the_deadline(stage: Any, reply: Any, client: CollectorClient) -> None:
    stage.says(reply(status=-2))

    with pytest.raises(CollectorUnreachable) as caught:
        client.healthz(deadline_s=0.3, tries=1)

    assert caught.value.cause == "it did not answer in time"


@pytest.mark.parametrize(
    "body", [{"error": "too_many_attempts", "message": "too many wrong credentials"}, {}, []], ids=str
)
def test_too_many_requests_are_a_reason_to_come_again_whoever_says_so(
    stage: Any, reply: Any, client: CollectorClient, body: object
) -> None:
    stage.says(
        reply(status=429, body=body, headers={"Retry-After": "0"}),
        reply(status=201, body={"run_id": str(SWEEP), "stored": 0, "repeated": False}),
    )

    assert client.put_report(SWEEP, b"{}")["repeated"] is False
    first, second = stage.asked
    assert (first.method, first.path, first.body) == (second.method, second.path, second.body)


def test_too_many_requests_for_longer_than_the_deadline_are_passing(
    stage: Any, reply: Any, client: CollectorClient
) -> None:
    stage.says(reply(status=429, raw=b"<html>slow down</html>", headers={"Retry-After": "3600"}))

    with pytest.raises(CollectorRefused) as caught:
        client.put_report(SWEEP, b"{}")

    assert (caught.value.status, caught.value.retry_after_s) == (429, 3600.0)
    assert caught.value.is_passing
