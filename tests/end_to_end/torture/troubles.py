"""What a cloud does to a tester: faults of its calls, of its hosts, and of hosts in the middle of a run."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

from tests.end_to_end.bed.bed import Bed


class Stage(IntEnum):
    """When it is met, in the order of a host's life."""

    KEY = 1
    LAUNCH = 2
    BOOT = 3
    RUN = 4
    END = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Trouble:
    """One way to go wrong. `text` is on the card of the tester that it dooms; empty: it goes on."""

    name: str
    stage: Stage
    text: str = ""
    meets: Callable[[Bed, str], object]
    """Arranges it for a region; at `RUN` it strikes the instance of that id at once."""
    lasts: bool = True
    """Whether every call meets it, or the first alone."""


def _call(operation: str, **words: object) -> Callable[[Bed, str], object]:
    return lambda bed, region: bed.fault(operation, region=region, **words)  # type: ignore[arg-type]


def _boot(code: str) -> Callable[[Bed, str], object]:
    return lambda bed, region: bed.fault("Boot", region=region, code=code, times=None)


SILENT = "its engine has not answered for"
TROUBLES = (
    Trouble(
        name="key pair there",
        stage=Stage.KEY,
        text="a key pair of that name is there already",
        meets=_call("ImportKeyPair", code="InvalidKeyPair.Duplicate", times=None),
    ),
    Trouble(
        name="launch forbidden",
        stage=Stage.LAUNCH,
        text="the account's policy does not allow it",
        meets=_call("RunInstances", code="UnauthorizedOperation", status=403, times=None),
    ),
    Trouble(
        name="throttled",
        stage=Stage.LAUNCH,
        text="throttles our requests",
        meets=_call("RunInstances", code="RequestLimitExceeded", status=503, times=None),
    ),
    Trouble(
        name="no capacity",
        stage=Stage.LAUNCH,
        text="has no capacity",
        meets=_call("RunInstances", code="InsufficientInstanceCapacity", times=None),
    ),
    Trouble(name="slow launch", stage=Stage.LAUNCH, meets=_call("RunInstances", delay_s=4), lasts=False),
    Trouble(
        name="lost answer",
        stage=Stage.LAUNCH,
        meets=_call("RunInstances", code="InternalError", status=500, lost=True),
        lasts=False,
    ),
    Trouble(name="no ssh", stage=Stage.BOOT, text="did not end in time", meets=_boot("no-ssh")),
    Trouble(name="ssh swallowed", stage=Stage.BOOT, text="did not end in time", meets=_boot("ssh-swallowed")),
    Trouble(name="engine fails", stage=Stage.BOOT, text="the engine does not", meets=_boot("engine-fails")),
    Trouble(name="engine silent", stage=Stage.BOOT, text="does not answer", meets=_boot("engine-silent")),
    Trouble(name="hang", stage=Stage.RUN, text=SILENT, meets=lambda bed, held: bed.host(held).hang()),
    Trouble(name="power cut", stage=Stage.RUN, text=SILENT, meets=lambda bed, held: bed.host(held).kill()),
    Trouble(name="vanished", stage=Stage.RUN, text=SILENT, meets=lambda bed, held: bed.host(held).vanish()),
    Trouble(name="cut off", stage=Stage.RUN, text=SILENT, meets=lambda bed, held: bed.host(held).blackhole()),
    Trouble(
        name="engine killed",
        stage=Stage.RUN,
        text=SILENT,
        meets=lambda bed, held: bed.host(held).stop_engine(),
    ),
    Trouble(
        name="end refused once",
        stage=Stage.END,
        meets=_call("TerminateInstances", code="UnauthorizedOperation", status=403),
        lasts=False,
    ),
)


def doom_of(first: Trouble, second: Trouble) -> Trouble | None:
    """Return which of two troubles ends a tester's host, None where it is spared."""
    earlier, later = sorted((first, second), key=lambda trouble: (trouble.stage, trouble.lasts))
    if earlier.text:
        return earlier
    # A launch that was only slow is not asked for again; one whose answer was lost is.
    if (earlier.name, later.stage) == ("slow launch", Stage.LAUNCH) and later is not earlier:
        return None
    return later if later.text else None
