"""What shall go wrong, call by call."""

import threading
from dataclasses import dataclass
from typing import Any

BOOT = "Boot"
"""The operation of faults that are a host's own: it is not a call, but what follows RunInstances."""

BOOT_CODES = ("no-ssh", "ssh-swallowed", "no-os-release", "no-engine-binary", "engine-fails", "engine-silent")
ANYWHERE = "*"


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """One way to misbehave. Without a code it only delays."""

    operation: str
    """An EC2 action such as `RunInstances`, or `Boot`."""
    region: str = ANYWHERE
    zone: str | None = None
    """The zone's letter, for faults of RunInstances that are one zone's."""
    code: str | None = None
    status: int = 400
    """The HTTP status; the SDK in docker-machine tries again on 5xx and on throttling."""
    times: int | None = 1
    """How many calls it meets; None for all."""
    delay_s: float = 0.0
    lost: bool = False
    """The call is carried out, and its answer is the error."""

    def __post_init__(self) -> None:
        if self.operation == BOOT and self.code is not None and self.code not in BOOT_CODES:
            raise ValueError(f"no boot fault {self.code!r}: one of {', '.join(BOOT_CODES)}")

    def fits(self, operation: str, region: str, zone: str | None) -> bool:
        """Tell whether a call is one that this fault is for."""
        return (
            self.operation == operation
            and self.region in (ANYWHERE, region)
            and (self.zone is None or (zone is not None and zone.endswith(self.zone)))
        )


class Faults:
    """The faults that wait for their call; each call meets one at most, the oldest first."""

    def __init__(self) -> None:
        self._waiting: list[tuple[Fault, int | None]] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> None:
        """Let a fault wait."""
        with self._lock:
            self._waiting.append((fault, fault.times))

    def clear(self, region: str = ANYWHERE) -> None:
        """Forget every fault, or those of one region."""
        with self._lock:
            self._waiting = [each for each in self._waiting if region not in (ANYWHERE, each[0].region)]

    def waiting(self) -> list[dict[str, Any]]:
        """Return what still waits, as plain values."""
        with self._lock:
            return [
                {"operation": fault.operation, "region": fault.region, "code": fault.code, "times": left}
                for fault, left in self._waiting
            ]

    def take(self, operation: str, region: str, zone: str | None = None) -> Fault | None:
        """Return the fault that a call meets, used up by one; None for a call that goes well."""
        with self._lock:
            for index, (fault, left) in enumerate(self._waiting):
                if not fault.fits(operation, region, zone):
                    continue
                if left == 1:
                    del self._waiting[index]
                elif left is not None:
                    self._waiting[index] = (fault, left - 1)
                return fault
        return None
