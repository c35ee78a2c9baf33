"""What a user sees who may not ping, and that one who may without privileges can."""

import os
import shutil
from pathlib import Path

import pytest

from tests.end_to_end.conftest import Place

needs_root = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("setpriv") is None or shutil.which("unshare") is None,
    reason="needs root, setpriv and unshare to make a network namespace",
)

FLEET = """\
version: 1
name: modest
testers: [{name: desk, driver: local}]
servers: [{name: four, host: 127.0.0.1}, {name: six, host: "::1"}]
defaults: {probe: {count: 6, interval: 0.02s, timeout: 1s}}
run: once
collector: {port: PORT}
"""


def without_capabilities(*, ping_group_range: str) -> tuple[str, ...]:
    """Return the words before a command that runs it in a namespace, with no capability at all."""
    script = (
        "ip link set lo up; "
        f"echo {ping_group_range} > /proc/sys/net/ipv4/ping_group_range; "
        'exec setpriv --bounding-set=-all --inh-caps=-all "$@"'
    )
    return ("unshare", "--net", "sh", "-c", script, "sh")


@needs_root
def test_who_may_not_ping_is_told_the_three_remedies_and_nothing_is_started(place: Place) -> None:
    place.fleet(FLEET)

    done = place.run("up", prefix=without_capabilities(ping_group_range="1 0"))

    assert done.returncode == 2, done.stderr
    assert "root" in done.stderr
    assert "cap_net_raw" in done.stderr.lower()
    assert "ping_group_range" in done.stderr
    assert place.processes() == []


@needs_root
def test_an_open_ping_group_range_is_enough(place: Place) -> None:
    fleet = place.fleet(FLEET)

    done = place.run("up", str(fleet), "--rm", prefix=without_capabilities(ping_group_range="0 2147483647"))

    assert done.returncode == 0, done.stderr
    assert Path(place.state).exists()
    assert "four" in done.stdout
    assert "six" in done.stdout
    assert place.processes() == []
