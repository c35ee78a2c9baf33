"""Kills that come by chance, and pairs of troubles: others complete, and nothing is left."""

import random
from collections.abc import Callable
from pathlib import Path

from tests.conftest import SEED
from tests.end_to_end.bed.bed import Bed
from tests.end_to_end.hosts.cloud_fleet import CloudFleet
from tests.end_to_end.hosts.running import Running
from tests.end_to_end.hosts.test_faults import card_of
from tests.end_to_end.torture.run import torture
from tests.end_to_end.torture.troubles import SILENT, TROUBLES, Stage, Trouble, doom_of
from tests.kills import KILLS

ENOUGH = 12
REPEAT = 14
GOOD = ("eu-west-1", "us-east-1")
REGIONS = (
    "us-west-1", "us-west-2", "us-east-2", "eu-west-2", "eu-west-3", "eu-central-1", "eu-north-1",
    "ca-central-1",
)  # fmt: skip
HURRIED = {
    "ORCHESTRATE_CREATE_ATTEMPTS": "1",
    "ORCHESTRATE_CREATE_DEADLINE": "100s",
    "ORCHESTRATE_VANISHED_AFTER": "6s",
    "ORCHESTRATE_ENGINE_DEADLINE": "3s",
    "ORCHESTRATE_DRAIN_DEADLINE": "10s",
}


def test_kills_that_come_by_chance_leave_nothing(
    bed: Bed, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    tally = torture(bed, kills=ENOUGH, seed=f"day-{SEED}", folder=tmp_path, tell=print)

    assert not tally.wrong, "\n".join(map(str, tally.wrong))
    record_property(KILLS, tally.kills.total())
    assert bed.left() == {}


def test_pairs_of_troubles_leave_the_others_complete_and_the_cloud_empty(
    bed: Bed, cloud: CloudFleet, chance: random.Random
) -> None:
    pairs = {region: tuple(chance.sample(TROUBLES, k=2)) for region in REGIONS}
    told = "\n".join(f"{region}: {one.name}, {other.name}" for region, (one, other) in pairs.items())
    dooms = {region: doom_of(*pair) for region, pair in pairs.items()}
    cloud.environment |= HURRIED
    cloud.write(*GOOD, *REGIONS, run=f"{{repeat: {REPEAT}, every: 1s}}", more="limits: {concurrency: 10}")
    for region, pair in pairs.items():
        for trouble in sorted(pair, key=lambda trouble: (trouble.lasts, trouble.stage)):
            if trouble.stage is not Stage.RUN:
                trouble.meets(bed, region)
    up = Running(process=cloud.begin("up"))
    struck = {region: fates(pair) for region, pair in pairs.items() if is_of_run(dooms[region])}
    up.until_all_said(f"{region} run 2/{REPEAT} complete" for region in struck)
    for region, fate in struck.items():
        held = cloud.instance_of(region)
        for trouble in fate:
            trouble.meets(bed, held)
    ended = up.end()

    assert ended.code == (3 if any(dooms.values()) else 0), f"{told}\n{ended.err}"
    states = cloud.run_states()
    for region in (*GOOD, *(region for region, doom in dooms.items() if doom is None)):
        assert states[region] == ["complete"] * REPEAT, f"{region} of\n{told}\n{ended.err}"
    for region, doom in dooms.items():
        if doom is not None:
            assert doom.text in card_of(region, ended=ended), f"{region} of\n{told}\n{ended.err}"
    down = cloud.run("down")
    assert down.code == 0, f"{told}\n{down.err}"
    assert cloud.stored() == []
    assert bed.left() == {}, told


def is_of_run(doom: Trouble | None) -> bool:
    """Return whether a host comes up, and is lost in the middle."""
    return doom is not None and doom.stage is Stage.RUN and doom.text == SILENT


def fates(pair: tuple[Trouble, ...]) -> list[Trouble]:
    """Return what strikes in the middle: a host that is gone can meet nothing else."""
    found = [trouble for trouble in pair if trouble.stage is Stage.RUN]
    rank = {"engine killed": 0, "cut off": 1, "hang": 2, "power cut": 3, "vanished": 4}
    return sorted(found, key=lambda trouble: rank[trouble.name])
