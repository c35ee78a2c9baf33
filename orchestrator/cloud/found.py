"""What of ours is in a cloud, whose it is, and the command that ends it."""

import re
import shlex
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from orchestrator.errors import LeftBehind

FLEET_TAG = "orchestrate-fleet"
TESTER_TAG = "orchestrate-tester"
GROUP_PREFIX = "orchestrate-"
GONE = frozenset({"terminated", "cancelled", "closed", "failed", "deleted"})

SUFFIX = r"(?:-?[A-Za-z0-9]{1,32})?"
"""What a fork of docker-machine may add to the name of a key pair."""

# The last place where it fits: a tester may be called like the end of another host's name.
_SHAPE = re.compile(rf"(?P<host>[a-z0-9][a-z0-9-]*-(?P<mark>[0-9a-f]{{8}})-[0-9a-f]{{4}}){SUFFIX}")


class Kind(StrEnum):
    """What bills, or stands in the way of another host; in the order in which it is removed."""

    SPOT_REQUEST = "spot request"
    INSTANCE = "instance"
    KEY_PAIR = "key pair"
    VOLUME = "volume"
    GROUP = "security group"


@dataclass(frozen=True, kw_only=True, slots=True)
class Resource:
    """One thing in a cloud, as the cloud described it.

    `id` is the cloud's; of a key pair, its name. `name` is its Name tag, or its own name where it has
    one; `key_name` the key pair of an instance or a spot request. `fleet_id` is what its tag says,
    None where it has none that can be read.
    """

    kind: Kind
    id: str
    region: str
    name: str = ""
    key_name: str = ""
    fleet_id: UUID | None = None
    tester: str = ""
    state: str = ""
    began_at: datetime | None = None
    deletes_itself: bool = True
    """Of a volume: it ends with its instance."""

    @property
    def is_gone(self) -> bool:
        """Whether the cloud only remembers it."""
        return self.state in GONE

    @property
    def host_name(self) -> str:
        """The host that it belongs to, empty where no name of it tells."""
        return host_of(self.key_name) or host_of(self.name) or ""

    @property
    def mark(self) -> str:
        """The first 8 digits of the UUID of the fleet whose it is, empty where nothing tells."""
        if self.fleet_id is not None:
            return self.fleet_id.hex[:8]
        # A key pair's name cannot be changed; a tag can.
        return mark_of(self.key_name) or mark_of(self.name) or ""

    def is_of_fleet(self, fleet_id: UUID) -> bool:
        """Return whether it is a fleet's: its tag decides, and where it has none its name."""
        if self.fleet_id is not None:
            return self.fleet_id == fleet_id
        return self.mark == fleet_id.hex[:8]

    def is_of_host(self, host_name: str, *, fleet_id: UUID) -> bool:
        """Return whether it is a host's, and no other fleet's."""
        if self.kind is Kind.GROUP or self.fleet_id not in (None, fleet_id):
            return False
        return any(_is_name_of(name, host_name) for name in (self.key_name, self.name))


@dataclass(frozen=True, kw_only=True, slots=True)
class Proof:
    """What the cloud said in the end: which regions were searched, and how much of each kind was there."""

    regions: tuple[str, ...]
    counts: Mapping[Kind, int]
    removed: tuple[Resource, ...] = ()

    def __str__(self) -> str:
        where = ", ".join(self.regions) or "no region"
        said = f"{where}: the cloud has {counts_text(self.counts)}"
        if not self.removed:
            return said
        return (
            f"{said}; removed here: {counts_text(Counter(item.kind for item in self.removed), zeros=False)}"
        )

    @classmethod
    def of_all(cls, proofs: Iterable["Proof"]) -> "Proof":
        """Return several as one."""
        proofs = list(proofs)
        total: Counter[Kind] = Counter()
        for proof in proofs:
            total.update(proof.counts)
        return cls(
            regions=tuple(sorted({region for proof in proofs for region in proof.regions})),
            counts=total,
            removed=tuple(item for proof in proofs for item in proof.removed),
        )


def host_of(name: str) -> str | None:
    """Return the host that a name or a key pair's name belongs to, None for a name that is not ours."""
    found = _SHAPE.fullmatch(name)
    return None if found is None else found["host"]


def mark_of(name: str) -> str | None:
    """Return the 8 digits of its fleet's UUID in the name of a host, None for a name that is not ours."""
    found = _SHAPE.fullmatch(name)
    return None if found is None else found["mark"]


def group_name(fleet_id: UUID) -> str:
    """Return the name of a fleet's security group."""
    return f"{GROUP_PREFIX}{fleet_id}"


def fleet_of_group(name: str) -> UUID | None:
    """Return the fleet whose security group has this name."""
    return uuid_in(name.removeprefix(GROUP_PREFIX)) if name.startswith(GROUP_PREFIX) else None


def uuid_in(text: str) -> UUID | None:
    """Return the UUID that a text is, None for any other text."""
    try:
        return UUID(text)
    except ValueError:
        return None


def counts_of(resources: Iterable[Resource]) -> Counter[Kind]:
    """Return how much of each kind there is; what the cloud only remembers does not count."""
    return Counter(item.kind for item in resources if not item.is_gone)


def counts_text(counts: Mapping[Kind, int], *, zeros: bool = True) -> str:
    """Return counts as `0 spot requests, 1 instance, …`."""
    shown = [(kind, counts.get(kind, 0)) for kind in Kind if zeros or counts.get(kind, 0)]
    return ", ".join(f"{count} {kind.value}{'' if count == 1 else 's'}" for kind, count in shown)


def ending_commands(resources: Iterable[Resource]) -> list[str]:
    """Return the commands that end things, in the order in which they must be run."""
    things = sorted(resources, key=lambda item: (item.region, list(Kind).index(item.kind), item.id))
    ids: dict[tuple[str, Kind], list[str]] = {}
    for item in things:
        ids.setdefault((item.region, item.kind), []).append(item.id)
    return [
        shlex.join(words) for (region, kind), each in ids.items() for words in _ending(kind, region, each)
    ]


def left_behind(resources: Iterable[Resource], *, cause: str, then: str = "") -> LeftBehind:
    """Return the error that names what is left and the commands that end it."""
    things = list(resources)
    named = ", ".join(
        f"{item.kind.value} {item.id}" + (f" ({item.state})" if item.state else "") for item in things
    )
    where = ", ".join(sorted({item.region for item in things}))
    steps = [*ending_commands(things), *([f"then: {then}"] if then else [])]
    return LeftBehind(f"left in {where}: {named}", cause=cause, next_step="\n".join(steps))


def _ending(kind: Kind, region: str, ids: list[str]) -> list[list[str]]:
    aws = ["aws", "ec2"]
    where = ["--region", region]
    match kind:
        case Kind.SPOT_REQUEST:
            cancel = [*aws, "cancel-spot-instance-requests", *where, "--spot-instance-request-ids", *ids]
            return [cancel]
        case Kind.INSTANCE:
            return [[*aws, "terminate-instances", *where, "--instance-ids", *ids]]
        case Kind.KEY_PAIR:
            return [[*aws, "delete-key-pair", *where, "--key-name", each] for each in ids]
        case Kind.VOLUME:
            return [[*aws, "delete-volume", *where, "--volume-id", each] for each in ids]
        case Kind.GROUP:
            return [[*aws, "delete-security-group", *where, "--group-id", each] for each in ids]


def _is_name_of(name: str, host_name: str) -> bool:
    # Another host's name may begin with this one's.
    return host_of(name) in (None, host_name) and (
        re.fullmatch(re.escape(host_name) + SUFFIX, name) is not None
    )
