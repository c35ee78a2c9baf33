"""Removes what is ours in a region, and waits until the cloud says that it is gone."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from orchestrator.cloud.clients import REFUSALS, Clients, code_of, tag_list, words_of
from orchestrator.cloud.found import (
    FLEET_TAG,
    TESTER_TAG,
    Kind,
    Proof,
    Resource,
    counts_of,
    left_behind,
)
from orchestrator.cloud.search import Search
from orchestrator.errors import LeftBehind
from orchestrator.places.deadline import Deadline

MISSING = (
    "InvalidInstanceID.NotFound", "InvalidKeyPair.NotFound", "InvalidVolume.NotFound",
    "InvalidGroup.NotFound", "InvalidGroupId.Malformed", "InvalidSpotInstanceRequestID.NotFound",
)  # fmt: skip
"""What the cloud says of things that are gone already."""

NOT_YET = ("DependencyViolation", "VolumeInUse", "IncorrectState")
"""What it says of things that something else still needs: they are tried again."""

FRUITLESS = 6
"""How often in a row it may refuse before nobody asks again."""

LONGEST_PAUSE_S = 5.0
LONGEST_AFTER_REFUSAL_S = 15.0
GROWTH = 1.5


@dataclass(frozen=True, kw_only=True, slots=True)
class ClearingLimits:
    """How the cloud is asked: the first of growing pauses, and when a launch is too old to be in flight.

    `sure_after_s`: what was launched with a host longer ago than this is visible by now.
    """

    pause_s: float = 1.0
    sure_after_s: float = 120.0


class Clearing:
    """Clears regions of one account of what is a host's, or a fleet's."""

    def __init__(
        self,
        clients: Clients,
        *,
        limits: ClearingLimits | None = None,
        wait: Callable[[float], object] = time.sleep,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._clients = clients
        self._search = Search(clients)
        self._limits = limits or ClearingLimits()
        self._wait = wait
        self._now = now

    def clear_host(
        self, region: str, host_name: str, *, fleet_id: UUID, deadline: Deadline, settle_s: float = 0.0
    ) -> Proof:
        """Remove everything of one host; raise `LeftBehind` for what may be left.

        A launch may be in flight that nobody sees yet: it is looked for again for `settle_s`, unless
        the host is seen to be too old for that.
        """
        return self._clear(
            region,
            lambda: self._search.of_host(region, host_name, fleet_id=fleet_id),
            fleet_id=fleet_id,
            deadline=deadline,
            settle_s=settle_s,
            then=f"orchestrate down --fleet-id {fleet_id}",
        )

    def clear_fleet(self, region: str, fleet_id: UUID, *, deadline: Deadline, settle_s: float = 0.0) -> Proof:
        """Remove everything of one fleet, its group too; raise `LeftBehind` for what may be left."""
        return self._clear(
            region,
            lambda: self._search.of_fleet(region, fleet_id),
            fleet_id=fleet_id,
            deadline=deadline,
            settle_s=settle_s,
            then=f"orchestrate down --fleet-id {fleet_id}",
        )

    def clear_these(self, region: str, things: Iterable[Resource], *, deadline: Deadline) -> Proof:
        """Remove some things that were found; raise `LeftBehind` for what may be left."""
        ids = {(item.kind, item.id) for item in things}
        return self._clear(
            region,
            lambda: tuple(item for item in self._search.all(region) if (item.kind, item.id) in ids),
            fleet_id=None,
            deadline=deadline,
            settle_s=0.0,
            then="orchestrate orphans",
        )

    def _clear(
        self,
        region: str,
        find: Callable[[], Sequence[Resource]],
        *,
        fleet_id: UUID | None,
        deadline: Deadline,
        settle_s: float,
        then: str,
    ) -> Proof:
        settled = Deadline.after(settle_s).sooner(deadline.left_s)
        removed: dict[str, Resource] = {}
        volumes: dict[str, Resource] = {}
        live: list[Resource] = []
        fruitless = 0
        pause_s = self._limits.pause_s
        while True:
            refusals: list[Exception] = []
            try:
                found = find()
                volumes |= {item.id: item for item in found if item.kind is Kind.VOLUME}
                unseen = [item for id_, item in volumes.items() if id_ not in {each.id for each in found}]
                # Its instance may have been all that told whose a volume is.
                found = (*found, *self._search.volumes(region, unseen))
            except REFUSALS as error:
                refusals.append(error)
            else:
                live = [item for item in found if not item.is_gone]
                if not live and (settled.is_over or self._is_old(found)):
                    return Proof(regions=(region,), counts=counts_of(found), removed=tuple(removed.values()))
                removed |= {item.id: item for item in live}
                refusals += self._end(live, region=region, fleet_id=fleet_id)
            fruitless = fruitless + 1 if refusals else 0
            if fruitless == FRUITLESS or deadline.is_over:
                raise _left(region, live, refusals, then=then)
            self._wait(min(pause_s, deadline.left_s))
            longest_s = LONGEST_AFTER_REFUSAL_S if refusals else LONGEST_PAUSE_S
            pause_s = min(longest_s, pause_s * (GROWTH + 1 if refusals else GROWTH))

    def _is_old(self, found: Iterable[Resource]) -> bool:
        """Return whether the host was launched so long ago that nothing of it can still appear."""
        began = [item.began_at for item in found if item.kind is Kind.INSTANCE and item.began_at]
        return any((self._now() - each).total_seconds() > self._limits.sure_after_s for each in began)

    def _end(self, live: Sequence[Resource], *, region: str, fleet_id: UUID | None) -> list[Exception]:
        """Ask for the end of everything that can end now, and return what was refused."""
        ec2 = self._clients.client("ec2", region)
        refusals: list[Exception] = []
        of_kind = {kind: [item for item in live if item.kind is kind] for kind in Kind}
        # A request that is open makes another instance.
        for item in of_kind[Kind.SPOT_REQUEST]:
            _try(ec2.cancel_spot_instance_requests, refusals, SpotInstanceRequestIds=[item.id])
        staying = [item for item in of_kind[Kind.VOLUME] if not item.deletes_itself]
        for item in staying:
            _tag_volume(ec2, item, fleet_id=fleet_id, refusals=refusals)
        for item in of_kind[Kind.INSTANCE]:
            if item.state != "shutting-down":
                _try(ec2.terminate_instances, refusals, InstanceIds=[item.id])
        # Without its key pair, a launch that is still in flight is refused.
        for item in of_kind[Kind.KEY_PAIR]:
            _try(ec2.delete_key_pair, refusals, KeyName=item.id)
        for item in of_kind[Kind.VOLUME]:
            if item.state in ("available", "error"):
                _try(ec2.delete_volume, refusals, VolumeId=item.id)
        if not of_kind[Kind.INSTANCE]:
            for item in of_kind[Kind.GROUP]:
                _try(ec2.delete_security_group, refusals, GroupId=item.id)
        return refusals


def _tag_volume(ec2: Any, volume: Resource, *, fleet_id: UUID | None, refusals: list[Exception]) -> None:
    """Let a volume say whose it is before the instance ends that tells it now."""
    if volume.state != "in-use" or (owner := volume.fleet_id or fleet_id) is None:
        return
    tags = {"Name": volume.name, FLEET_TAG: str(owner), TESTER_TAG: volume.tester}
    wanted = {key: value for key, value in tags.items() if value}
    _try(ec2.create_tags, refusals, Resources=[volume.id], Tags=tag_list(wanted))


def _try(call: Callable[..., object], refusals: list[Exception], **arguments: object) -> None:
    try:
        call(**arguments)
    except REFUSALS as error:
        if code_of(error) not in (*MISSING, *NOT_YET):
            refusals.append(error)


def _left(region: str, live: list[Resource], refusals: list[Exception], *, then: str) -> LeftBehind:
    cause = "; ".join(dict.fromkeys(words_of(error) for error in refusals))
    if live:
        return left_behind(live, cause=cause or "it did not end in time", then=then)
    return LeftBehind(
        f"nobody knows what is left in {region}: it cannot be searched",
        cause=cause or "there was no time to look as long as a launch may be in flight",
        next_step=then,
    )
