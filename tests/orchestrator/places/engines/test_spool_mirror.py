import io
import tarfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from orchestrator.places.engines.spool_mirror import SpoolMirror, SpoolUnreadable
from orchestrator.places.place import SpoolCount

SOME_NAME = "20261123T235901.620678Z-4751f3ec-2ed1-40ce-ae1e-78f81ef74d4c.json.gz"


def a_name(second: int) -> str:
    return f"20261123T2359{second:02}.620678Z-{uuid4()}.json.gz"


def tar_of(*members: tuple[str, bytes] | tarfile.TarInfo) -> Iterator[bytes]:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as tar:
        for member in members:
            if isinstance(member, tarfile.TarInfo):
                tar.addfile(member)
            else:
                entry = tarfile.TarInfo(member[0])
                entry.size = len(member[1])
                tar.addfile(entry, io.BytesIO(member[1]))
    body = content.getvalue()
    return iter([body[first : first + 700] for first in range(0, len(body), 700)])


def a_link(name: str, to: str) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname = tarfile.SYMTYPE, to
    return entry


@pytest.fixture
def mirror(tmp_path: Path) -> SpoolMirror:
    return SpoolMirror(tmp_path / "host" / "spool", dropped=tmp_path / "host" / "dropped.json")


def test_reports_come_in_their_order_and_go_when_the_tester_delivered_them(mirror: SpoolMirror) -> None:
    first, second, bad = a_name(1), a_name(2), a_name(3)
    reason = bad.replace(".json.gz", ".reason.json")
    mirror.take(
        tar_of(
            (f"spool/reports/{second}", b"2" * 2_000),
            (f"spool/reports/{first}", b"1"),
            (f"spool/rejected/{bad}", b"3"),
            (f"spool/rejected/{reason}", b"{}"),
        )
    )
    assert mirror.names() == [first, second]
    assert mirror.read(second) == b"2" * 2_000
    assert mirror.count() == SpoolCount(waiting=2, rejected=1)
    assert (mirror.directory / "rejected" / reason).read_bytes() == b"{}"
    mirror.take(tar_of((f"spool/reports/{second}", b"2" * 2_000)))
    assert mirror.names() == [second]


def test_a_report_that_was_dropped_does_not_come_back(mirror: SpoolMirror) -> None:
    name = a_name(1)
    mirror.take(tar_of((f"spool/reports/{name}", b"1")))
    mirror.drop(name)
    mirror.drop(name)
    mirror.take(tar_of((f"spool/reports/{name}", b"1")))
    assert mirror.names() == []
    assert mirror.dropped() == {name}
    mirror.deleted([name])
    assert mirror.dropped() == frozenset()


@pytest.mark.parametrize(
    "name",
    [
        "spool/reports/../../../evil",
        "../evil",
        "/evil",
        "spool/reports/evil",
        f"spool/reports/../{SOME_NAME}",
        f"spool/reports/deep/{SOME_NAME}",
        f"elsewhere/reports/{SOME_NAME}",
        f"spool/reports/.{SOME_NAME}",
        f"spool/reports/{SOME_NAME}.tmp",
    ],
)
def test_a_host_writes_nothing_but_reports_and_only_where_they_belong(
    mirror: SpoolMirror, tmp_path: Path, name: str
) -> None:
    mirror.take(tar_of((name, b"x"), a_link(f"spool/reports/{a_name(2)}", "/etc/passwd")))
    assert not [path for path in tmp_path.rglob("*") if not path.is_dir()]


@pytest.mark.parametrize("body", [b"x" * 5_000, b"\0" * 100])
def test_what_is_no_spool_is_refused_and_takes_nothing_away(mirror: SpoolMirror, body: bytes) -> None:
    name = a_name(1)
    mirror.take(tar_of((f"spool/reports/{name}", b"1")))
    with pytest.raises(SpoolUnreadable):
        mirror.take(iter([body]))
    assert mirror.names() == [name]


@pytest.mark.parametrize("name", ["../token", "reports", "x.json.gz"])
def test_a_name_that_is_no_report_is_no_file(mirror: SpoolMirror, name: str) -> None:
    with pytest.raises(FileNotFoundError):
        mirror.read(name)
    with pytest.raises(FileNotFoundError):
        mirror.drop(name)


@pytest.mark.parametrize("note", [b"", b"[]", b'{"sweeps": 7}', b"\xff"])
def test_a_note_that_is_broken_says_no_run(mirror: SpoolMirror, note: bytes) -> None:
    mirror.take(tar_of(("spool/state.json", note)))
    assert mirror.runs_made(sweep_id=uuid4(), tester_id=uuid4()) == 0
