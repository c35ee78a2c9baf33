"""What a create that did not succeed may have left in its cloud."""

import re
from enum import Enum

from orchestrator.places.machine.store import Machine

OWNED = ("generic", "none")
"""Drivers that make nothing: the machine is there before and after."""

BY_NAME = (
    "azure", "google", "hyperv", "kvm", "kvm2", "parallels", "qemu", "virtualbox", "vmware",
    "vmwarefusion", "vmwarevsphere", "xhyve",
)  # fmt: skip
"""Drivers that find a machine by its name when they remove it."""

PAST_CREATION = "Waiting for machine to be running"
"""The first line that is printed when config.json knows what the cloud calls the machine."""

IN_DRIVER = re.compile(r"Error in driver during machine creation: (?P<reason>.*)")
BEFORE_CREATION = (
    "Error with pre-create check", "Error checking if host exists", "Error getting new host",
    "Error setting machine configuration from flags", "Error generating certificates",
    "Error saving host to store before", "Invalid command line", "Incorrect Usage",
    "flag provided but not defined", "Error parsing swarm discovery", "not found. Do you have the plugin",
)  # fmt: skip
"""How errors read that end a create before its driver makes anything."""

CODE = re.compile(
    r"^(?P<wrapped>Error launching instance: |Error request spot instance: |unable to create key pair: )?"
    r"(?P<code>[A-Z][A-Za-z]+(?:\.[A-Za-z]+)*)(?:: |\n|$)"
)
DOUBTFUL_CODES = frozenset(
    {"InternalError", "InternalFailure", "InternalServerError", "RequestError", "RequestCanceled",
     "SerializationError", "ServiceUnavailable", "Unavailable", "RequestTimeout", "UnknownError", "Error",
     "Unable", "Maximum", "Too"}
)  # fmt: skip
"""Errors after which the cloud may have done what it was asked for, or that come after it did."""

HARMLESS_REASONS = ("There is already a keypair", "unable to find a subnet", "unable to read --amazonec2")


class Fate(Enum):
    """`NOTHING` was made; docker-machine knows what it made and can remove it (`KNOWN`); or nobody knows."""

    NOTHING = "nothing"
    KNOWN = "known"
    UNKNOWN = "unknown"


def fate_of(machine: Machine | None, *, driver: str, said: str) -> Fate:
    """Return what there is of a machine, from the store and from what its create said.

    config.json is written before the driver begins and after it ended, not in between: the id in it
    is empty while the cloud already runs the host. So an empty id means nothing was made only where
    docker-machine itself said that it was refused.
    """
    if driver in OWNED or driver in BY_NAME:
        return Fate.KNOWN
    if (machine is not None and machine.cloud_id) or PAST_CREATION in said:
        return Fate.KNOWN
    if any(text in said for text in BEFORE_CREATION):
        return Fate.NOTHING
    if driver == "amazonec2" and (found := IN_DRIVER.search(said)) is not None:
        return Fate.NOTHING if _is_refusal(found["reason"]) else Fate.UNKNOWN
    return Fate.UNKNOWN


def _is_refusal(reason: str) -> bool:
    if reason.startswith(HARMLESS_REASONS):
        return True
    code = CODE.match(reason)
    return code is not None and code["code"] not in DOUBTFUL_CODES
