"""Two orchestrators on one fleet: the second is told, and can take over."""

import re
import signal

from tests.end_to_end.bed.bed import Bed
from tests.end_to_end.hosts.cloud_fleet import CloudFleet
from tests.end_to_end.hosts.running import Running


def test_the_second_is_told_who_holds_the_fleet_since_when_and_how_to_take_over(
    bed: Bed, cloud: CloudFleet
) -> None:
    cloud.write("eu-west-1")
    first = Running(process=cloud.begin("up"))
    first.until_said("eu-west-1: Waiting for SSH")

    for command in ("up", "down"):
        second = cloud.run(command)
        assert second.code == 2, second.err
        assert f"fleet 'mill' is held by `orchestrate up` (pid {first.process.pid} on " in second.err
        assert re.search(r"since \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", second.err)
    told = re.search(r"take over: kill (-\w+) (\d+), then run this command again", second.err)
    assert told is not None, second.err
    first.process.send_signal(signal.Signals[f"SIG{told[1].removeprefix('-')}"])

    ended = first.end()
    assert ended.code == 130, ended.err
    assert len(cloud.stored()) == 1
    up = cloud.run("up")
    assert up.code == 0, up.err
    # What it measured was fetched to the end, or its tester has ended at least.
    (host,) = cloud.hosts()
    assert host["state"] in ("finished", "ready")
    assert cloud.run_states() == {"eu-west-1": ["complete"] * 2}
    assert cloud.run("down").code == 0
    assert cloud.stored() == []
    assert bed.left() == {}
