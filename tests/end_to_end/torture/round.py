"""One round: troubles, a blow, then what a user does next, and what the cloud then holds."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from tests.end_to_end.hosts.cloud_fleet import CloudFleet
from tests.end_to_end.torture.blows import Blow, strike
from tests.end_to_end.torture.troubles import TROUBLES, Stage, Trouble

ATTEMPTS = "ORCHESTRATE_CREATE_ATTEMPTS"
AT_FIRST = {ATTEMPTS: "2", "ORCHESTRATE_CREATE_DEADLINE": "60s"}
THEN = {ATTEMPTS: "6"}
"""What failed before the blow does not keep the tester from a host after it."""

SILENT = ("did not end in time", "does not answer")
ARRANGED = tuple(
    trouble for trouble in TROUBLES if trouble.stage is not Stage.RUN and trouble.text not in SILENT
)
"""What meets a create. A host that never answers would only be waited for, six times."""

OF_DOWN = (Blow.DOWN_AFTER_RECORD, Blow.DOWN_AT_A_MOMENT)


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What a round does; the same seed plans the same."""

    seed: str
    regions: tuple[str, ...]
    blow: Blow
    troubles: tuple[tuple[str, Trouble], ...]
    then: str

    @classmethod
    def of(cls, seed: str, *, regions: Sequence[str]) -> tuple["Plan", random.Random]:
        """Plan a round in some of the regions; return also what chooses its moments."""
        chance = random.Random(seed)
        chosen = tuple(chance.sample(list(regions), k=chance.choice((1, 1, 2))))
        blow = chance.choice(list(Blow))
        # Where the blow strikes `down`, the cloud lets the fleet come up.
        count = 0 if blow in OF_DOWN else chance.choice((0, 0, 1, 2))
        troubles = tuple((chance.choice(chosen), chance.choice(ARRANGED)) for _ in range(count))
        return cls(
            seed=seed,
            regions=chosen,
            blow=blow,
            troubles=troubles,
            then="down" if blow in OF_DOWN else chance.choice(("down", "up")),
        ), chance


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """How a round went; `wrong` says what should not be, empty when all is well."""

    plan: Plan
    when: str
    kills: int
    wrong: str

    def __str__(self) -> str:
        troubles = ", ".join(f"{trouble.name} in {region}" for region, trouble in self.plan.troubles)
        told = (
            f"seed {self.plan.seed}: {self.plan.blow.value} ({self.when}), {self.kills} killed;"
            f" {troubles or 'no trouble'}; then {self.plan.then}"
        )
        return f"{told}: WRONG\n{self.wrong}" if self.wrong else f"{told}: nothing left"


def play(plan: Plan, chance: random.Random, fleet: CloudFleet) -> Result:
    """Play a round with a fleet of its own, in regions that nobody else uses meanwhile."""
    bed = fleet.bed
    fleet.environment |= AT_FIRST
    fleet.write(*plan.regions)
    for region, trouble in plan.troubles:
        trouble.meets(bed, region)
    struck = strike(plan.blow, fleet, regions=plan.regions, chance=chance)
    for region in plan.regions:
        bed.calm(region)
    fleet.environment |= THEN
    wrong: list[str] = []
    began = (fleet.of_fleet / "journal.sqlite3").exists()
    if began and plan.then == "up":
        up = fleet.run("up", "--again") if struck.ended.code >= 0 else fleet.run("up")
        if up.code != 0 or not _is_complete(fleet, plan):
            wrong.append(f"up ended with {up.code}, runs {fleet.run_states()}:\n{up.err}")
    if began:
        down = fleet.run("down")
        if down.code != 0:
            wrong.append(f"down ended with {down.code}:\n{down.err}")
    if stored := fleet.stored():
        wrong.append(f"in docker-machine's store: {stored}")
    if left := {region: held for region, held in bed.left().items() if region in plan.regions}:
        wrong.append(f"in the cloud: {left}")
    if wrong:
        wrong.append(f"before that:\n{struck.ended.err}")
    return Result(plan=plan, when=struck.when, kills=struck.kills, wrong="\n".join(wrong))


def _is_complete(fleet: CloudFleet, plan: Plan) -> bool:
    """Return whether every tester has at least one sweep's worth of complete runs, and a host."""
    states = fleet.run_states()
    return len(fleet.stored()) == len(plan.regions) and all(
        states.get(region, []).count("complete") >= 2 for region in plan.regions
    )
