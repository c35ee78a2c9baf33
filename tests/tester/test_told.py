"""What the tester can be told, and what it says to nonsense."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from tester.access import is_private, parts_of, refuse_plain_http
from tester.arguments import read_arguments
from tester.errors import UsageError
from tester.flags import FLAGS
from tester.pauses import Pauses
from tester.resolve import Answer, SystemResolver, literal_address, rows_of
from tester.servers import read_lines
from tester.units import bytes_of, seconds_of
from wire.job import Job, JobServer

ID = str(UUID(int=7))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("run", "no server to ping: give --host HOST, --server NAME=HOST, --servers FILE or --job FILE"),
        ("run --count 0", "--count: '0' is not a whole number from 1 to 100000"),
        ("run --interval soon", "--interval: 'soon' is not a duration: write 200ms, 1.5s, 5m, 2h or 1d"),
        ("run --timeout 1h", "--timeout: '1h' is not between 0.001 s and 300 s"),
        ("run --ip 5", "--ip: '5' is not one of 4, 6, both"),
        ("run --server x", "--server 'x': write NAME=HOST"),
        ("run --server a=1.1.1.1 --server a=2.2.2.2", "two servers have the name 'a'"),
        ("run --tester-id me", "--tester-id: 'me' is not a UUID"),
        ("run --repeat never", "--repeat: 'never' is not a whole number from 1 to 10000000"),
        ("run --spool-limit lots", "--spool-limit: 'lots' is not a size: write 1GiB or 500MB"),
        ("run --servers /nonexistent/list", "--servers /nonexistent/list: No such file or directory"),
        (
            "run --job /nonexistent/job.json",
            "the job file /nonexistent/job.json cannot be read: No such file or directory",
        ),
        ("run --job x --count 3", "--job says who measures what; it goes without --count"),
        (
            "run --host ::1 --collector http://127.0.0.1:1",
            "a collector wants to know who reports: give --tester-id UUID",
        ),
        (
            f"run --host ::1 --collector http://127.0.0.1:1 --tester-id {ID}",
            "a collector wants credentials: give --token-file FILE",
        ),
        (
            f"run --host ::1 --collector http://127.0.0.1:1 --tester-id {ID} --token-file /nonexistent/token",
            (
                "the token file /nonexistent/token cannot be read: No such file or directory; "
                "write the token into it"
            ),
        ),
        (
            f"run --host ::1 --collector 127.0.0.1:9090 --tester-id {ID} --token-file README.md",
            "the collector URL '127.0.0.1:9090' is wrong: write http://HOST:PORT or https://HOST:PORT",
        ),
        ("deliver", "give --spool DIR and --collector URL"),
        ("deliver --spool /nonexistent --collector http://127.0.0.1:1", "there is no spool at /nonexistent"),
        (
            "frobnicate",
            (
                "argument run|trace|deliver|check: invalid choice: 'frobnicate' "
                "(choose from 'run', 'trace', 'deliver', 'check') (see `tester --help`)"
            ),
        ),
        ("run --cuont 3", "unrecognized arguments: --cuont 3 (see `tester --help`)"),
    ],
)
def test_nonsense_is_exit_2_with_its_message(
    place: Any, can_ping: None, arguments: str, message: str
) -> None:
    ended = place.run(*arguments.split())

    assert (ended.code, ended.out) == (2, "")
    assert ended.err == f"tester: {message}\n"


def test_a_bad_environment_variable_is_named() -> None:
    with pytest.raises(UsageError, match=r"^TESTER_COUNT: 'many' is not a whole number from 1 to 100000$"):
        read_arguments(["run"], {"TESTER_COUNT": "many"})


def test_an_argument_wins_over_the_environment_and_an_empty_variable_is_none() -> None:
    settings = read_arguments(
        ["run", "--count", "3"], {"TESTER_COUNT": "9", "TESTER_SIZE": "", "TESTER_INSECURE": "yes"}
    )

    assert (settings.count, settings.size, settings.insecure) == (3, None, True)
    assert settings.given == {"count", "insecure"}


def test_every_flag_has_its_own_variable() -> None:
    assert len({flag.variable for flag in FLAGS}) == len(FLAGS)
    assert all(flag.variable.startswith("TESTER_") for flag in FLAGS)


def test_a_job_of_another_version_names_the_remedy(place: Any, job_for: Callable[..., Job]) -> None:
    arguments = place.arguments(job_for())
    path = place.directory / "job.json"
    path.write_text(path.read_text().replace('"v":1', '"v":7'))
    ended = place.run(*arguments)

    assert ended.code == 2
    assert ended.err == (
        f"tester: the job file {path}: job version 7 is unknown here, known: 1; "
        "use the tester that belongs to that orchestrator\n"
    )


def test_a_job_with_a_wrong_field_names_it(place: Any, job_for: Callable[..., Job]) -> None:
    arguments = place.arguments(job_for())
    path = place.directory / "job.json"
    path.write_text(path.read_text().replace('"count":3', '"count":-3'))
    ended = place.run(*arguments)

    assert ended.code == 2
    assert ended.err.startswith(f"tester: the job file {path} is wrong: probe.count: ")


@pytest.mark.parametrize("url", ["http://203.0.113.9:9090", "http://[2001:db8::1]", "http://8.8.8.8"])
def test_credentials_do_not_cross_the_internet_in_the_clear(url: str) -> None:
    def resolve(host: str) -> list[str]:
        return [host]

    with pytest.raises(
        UsageError, match=r"the token would travel in the clear\. Use https, or say --insecure"
    ):
        refuse_plain_http(url, insecure=False, resolve=resolve)
    refuse_plain_http(url, insecure=True, resolve=resolve)
    refuse_plain_http(url.replace("http:", "https:"), insecure=False, resolve=resolve)


def test_a_name_with_one_public_address_is_public() -> None:
    with pytest.raises(UsageError, match=r"public address \(203\.0\.113\.9\)"):
        refuse_plain_http("http://mixed", insecure=False, resolve=lambda _: ["10.0.0.1", "203.0.113.9"])


def test_private_addresses_are_known() -> None:
    private = ("127.0.0.1", "10.1.2.3", "172.31.0.1", "192.168.1.1", "::1", "fd00::1", "fe80::1%eth0")
    assert all(is_private(address) for address in (*private, "::ffff:10.0.0.1"))
    assert not any(
        is_private(address) for address in ("8.8.8.8", "172.32.0.1", "2001:db8::1", "::ffff:8.8.8.8")
    )


@pytest.mark.parametrize("url", ["ftp://x", "http://", "http://u:p@h", "http://h:99999", "http://h?q", "x"])
def test_a_url_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(UsageError):
        parts_of(url)


def test_durations_and_sizes_have_units() -> None:
    assert [seconds_of(text) for text in ("200ms", "0.2s", "5m", "2h", "1d", "3")] == [
        0.2,
        0.2,
        300,
        7200,
        86400,
        3,
    ]
    assert [bytes_of(text) for text in ("1GiB", "500MB", "10")] == [2**30, 500_000_000, 10]


def test_pauses_grow_have_jitter_and_end() -> None:
    longest = Pauses(dice=lambda: 1.0)
    assert [longest.next_s() for _ in range(9)] == [0.5, 1, 2, 4, 8, 16, 32, 60, 60]
    shortest = Pauses(dice=lambda: 0.0)
    assert shortest.next_s() == 0.25
    assert shortest.next_s(asked_s=7) == 7
    assert shortest.next_s(asked_s=1e9) == 600
    shortest.reset()
    assert shortest.next_s() == 0.25


def test_server_lines_are_read() -> None:
    found = read_lines(["a 10.0.0.1 edge # first", "", "# no", "b 10.0.0.2", "10.0.0.3"], source="list")

    assert found.problems == ()
    assert [(server.name, server.host, server.group) for server in found.servers] == [
        ("a", "10.0.0.1", "edge"),
        ("b", "10.0.0.2", ""),
        ("10.0.0.3", "10.0.0.3", ""),
    ]


def test_a_control_character_or_an_endless_word_is_a_bad_line() -> None:
    found = read_lines(["a \x1b[2J", "x" * 300, "ok"], source="list")

    assert [problem.partition(":")[0] for problem in found.problems] == ["list, line 1", "list, line 2"]
    assert len(found.servers) == 1


def test_an_address_needs_no_resolver() -> None:
    assert literal_address("127.1") is None
    assert literal_address("::0001") == literal_address("::1")
    assert literal_address("fe80::1%lo") is not None
    assert literal_address("1.2.3.4%lo") is None
    assert literal_address("a\0b") is None


class Names:
    """A resolver at its port."""

    def __init__(self, **known: tuple[str, ...]) -> None:
        self.known = known

    def answers(
        self, names: Any, *, deadline_s: float, give_up: Callable[[], bool] = lambda: False
    ) -> dict[str, Answer]:
        found = {}
        for name in names:
            texts = self.known.get(name)
            addresses = [literal_address(text) for text in texts or ()]
            error = None if texts else f"{name} does not resolve: Name or service not known"
            found[name] = Answer(addresses=tuple(a for a in addresses if a is not None), error=error)
        return found


def test_every_address_of_a_name_is_a_row_once() -> None:
    names = Names(twin=("10.0.0.2", "10.0.0.1", "2001:db8::1", "10.0.0.2"))
    server = JobServer(name="t", host="twin")

    def addresses(ip: str) -> list[str | None]:
        rows = rows_of([server], ip=ip, resolver=names)
        return [row.address.text if row.address else row.error for row in rows]

    assert addresses("both") == ["10.0.0.1", "10.0.0.2", "2001:db8::1"]
    assert addresses("4") == ["10.0.0.1", "10.0.0.2"]
    assert addresses("6") == ["2001:db8::1"]


def test_a_name_without_an_address_of_the_family_says_so() -> None:
    (row,) = rows_of([JobServer(name="s", host="six")], ip="4", resolver=Names(six=("2001:db8::1",)))

    assert (row.address, row.error) == (None, "six has no IPv4 address")


def test_localhost_comes_from_the_hosts_file() -> None:
    answer = SystemResolver().answers(["localhost"], deadline_s=5)["localhost"]

    assert "127.0.0.1" in [address.text for address in answer.addresses]


def test_names_that_cannot_be_names_fail_alone() -> None:
    names = ["x" * 64 + ".invalid", "", "a..b", "localhost", "ä" * 70]
    answers = SystemResolver().answers(names, deadline_s=5)

    assert list(answers) == names
    assert answers["localhost"].error is None
    assert all(answers[name].error for name in names if name not in ("localhost", ""))


def test_a_token_never_stands_in_an_error(
    place: Any, collector: Any, reply: Any, job_for: Callable[..., Job]
) -> None:
    collector.answering = lambda request: reply(status=500, body={"error": "x"})
    ended = place.run(*place.arguments(job_for(collector.url), "--deliver-for", "0.1s"))

    assert "secret-token" not in ended.err + ended.out


def test_help_comes_without_the_engine(tmp_path: Path) -> None:
    root = Path(__file__).resolve().parents[2]
    ended = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "tester", "run", "--help"],
        cwd=root,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
        timeout=20,
    )
    assert "--token-file" in ended.stdout
    imported = {line.rpartition("|")[2].strip() for line in ended.stderr.splitlines()}
    assert "argparse" in imported
    assert imported.isdisjoint({"asyncio", "icmplib", "http.client", "ssl", "email", "gzip"})


def test_a_resolver_that_hangs_costs_no_more_than_the_deadline() -> None:
    began = time.monotonic()
    answers = SystemResolver().answers(["localhost"], deadline_s=0.0)

    assert time.monotonic() - began < 10
    assert list(answers) == ["localhost"]
