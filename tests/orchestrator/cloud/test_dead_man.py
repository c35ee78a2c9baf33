"""The switch is a script: it is run here, with stand-ins for what ends a machine."""

import gzip
import os
import signal
import subprocess
import time
from email import message_from_bytes
from pathlib import Path

import pytest

from orchestrator.cloud.dead_man import (
    ENDS_AT,
    FOLDER,
    MAX_BYTES,
    life_s,
    renewal,
    user_data,
    user_data_in,
)
from orchestrator.errors import ConfigurationError
from orchestrator.fleet.model import Fleet, Limits, Run

STUB = "#!/bin/sh\necho $PPID >{shut}\n"
WAIT_S = 60.0


class Host:
    """A folder that stands in for a host's root, and a PATH on which nothing ends this machine."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.shut = root / "shut"
        programs = root / "bin"
        programs.mkdir()
        for name in ("shutdown", "poweroff", "halt", "systemctl"):
            self._stub(programs / name, STUB.format(shut=self.shut))
        self._stub(programs / "sudo", '#!/bin/sh\nshift\nexec "$@"\n')
        self._stub(programs / "sync", "#!/bin/sh\n")
        self.environment = os.environ | {"PATH": f"{programs}:{os.environ['PATH']}"}

    @property
    def ends_at(self) -> Path:
        return Path(self.here(ENDS_AT))

    def here(self, text: str) -> str:
        moved = text.replace(FOLDER, f"{self.root}/state")
        return moved.replace("/run/systemd", f"{self.root}/none").replace("/proc/", f"{self.root}/proc/")

    def run(self, command: str) -> str:
        return subprocess.run(
            ["sh", "-c", self.here(command)],
            env=self.environment,
            check=True,
            timeout=WAIT_S,
            capture_output=True,
            text=True,
        ).stdout

    def boot(self, data: bytes) -> None:
        assert data.startswith(b"#!/bin/sh\n")
        self.run(data.decode())

    def await_shutdown(self) -> None:
        end = time.monotonic() + WAIT_S
        while not (self.shut.exists() and self.shut.read_text().strip()):
            assert time.monotonic() < end, "it lives on"
            time.sleep(0.02)

    def clear(self) -> None:
        if not self.shut.exists() and self.ends_at.parent.exists():
            self.ends_at.write_text("0\n")
            self.await_shutdown()
        if self.shut.exists():
            os.kill(int(self.shut.read_text()), signal.SIGKILL)

    @staticmethod
    def _stub(path: Path, text: str) -> None:
        path.write_text(text)
        path.chmod(0o755)


@pytest.fixture
def host(tmp_path: Path) -> "Host":
    return Host(tmp_path)


def test_a_host_ends_itself_at_its_time(host: Host) -> None:
    try:
        host.boot(user_data(life_s=1.0, look_s=1))
        host.await_shutdown()
    finally:
        host.clear()


def test_a_renewed_host_lives_on_and_the_renewal_says_until_when(host: Host) -> None:
    try:
        host.boot(user_data(life_s=3_600.0, look_s=1))
        before = int(host.ends_at.read_text())

        said = host.run(" ".join(renewal(86_400.0)))

        assert int(said) == int(host.ends_at.read_text()) >= before + 80_000
        assert not host.shut.exists()
    finally:
        host.clear()


@pytest.mark.parametrize("rubbish", ["", "soon\n", "-5\n", "12 monkeys\n"])
def test_a_file_of_rubbish_does_not_make_a_host_immortal(host: Host, rubbish: str) -> None:
    host.ends_at.parent.mkdir(parents=True)
    host.ends_at.write_text(rubbish or "\n")
    try:
        host.boot(user_data(life_s=1.0, look_s=1))
        host.await_shutdown()
    finally:
        host.clear()


def test_a_renewal_that_came_before_the_first_boot_ended_stands(host: Host) -> None:
    host.run(" ".join(renewal(86_400.0)))
    renewed = host.ends_at.read_text()
    try:
        host.boot(user_data(life_s=60.0, look_s=1))

        assert host.ends_at.read_text() == renewed
    finally:
        host.clear()


def test_a_script_of_the_fleets_own_runs_after_the_switch(host: Host) -> None:
    theirs = f"#!/bin/sh\ncat {host.ends_at} >{host.root}/theirs\n".encode()
    try:
        host.boot(user_data(life_s=3_600.0, look_s=1, theirs=theirs))

        assert (host.root / "theirs").read_text() == host.ends_at.read_text()
    finally:
        host.clear()


@pytest.mark.parametrize(
    ("theirs", "kind"),
    [
        (b"#cloud-config\npackages: [jq]\n", "text/cloud-config"),
        (b"#include\nhttp://10.0.0.1/data\n", "text/x-include-url"),
        (b"#cloud-boothook\ntrue\n", "text/cloud-boothook"),
    ],
)
def test_user_data_of_another_kind_becomes_a_part_of_its_own(theirs: bytes, kind: str) -> None:
    for given in (theirs, gzip.compress(theirs)):
        parts = message_from_bytes(user_data(life_s=60.0, theirs=given)).get_payload()

        assert [part.get_content_type() for part in parts] == ["text/x-shellscript", kind]  # type: ignore[union-attr]
        assert parts[1].get_payload(decode=True) == theirs  # type: ignore[union-attr, index]


def test_the_parts_of_a_message_stay_parts() -> None:
    inner = user_data(life_s=60.0, theirs=b"#cloud-config\n{}\n")

    parts = message_from_bytes(user_data(life_s=60.0, theirs=inner)).get_payload()

    assert len(parts) == 3


def test_user_data_that_cloud_init_does_not_know_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="no kind that cloud-init knows"):
        user_data(life_s=60.0, theirs=b"hello\n")


def test_user_data_that_is_too_long_is_refused_and_what_can_be_packed_is_packed() -> None:
    with pytest.raises(ConfigurationError, match="the cloud takes 16384"):
        user_data(life_s=60.0, theirs=b"#!/bin/sh\n" + os.urandom(3 * MAX_BYTES))

    packed = user_data(life_s=60.0, theirs=b"#!/bin/sh\n" + b"true\n" * 10_000)
    assert len(packed) <= MAX_BYTES
    assert gzip.decompress(packed).startswith(b"#!/bin/sh\n")


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        user_data_in(tmp_path / "none")


def test_a_host_lives_as_long_as_the_fleet_says_else_half_an_hour_past_the_deadline() -> None:
    def of(run: Run | None = None, **limits: float) -> float:
        return life_s(Fleet(name="mill", run=run or Run(), limits=Limits.model_validate(limits)))

    assert of() == 5_400.0 + 1_800.0
    assert of(deadline_s=600.0) == 2_400.0
    assert of(ttl_s=900.0) == 900.0
    assert of(Run(repeat=None)) == 86_400.0
    assert of(Run(repeat=None), ttl_s=3_600.0) == 3_600.0
