import pytest

from orchestrator.places.machine.fate import Fate, fate_of
from orchestrator.places.machine.store import Machine

BEGUN = "Running pre-create checks...\nCreating machine...\n(m) Launching instance...\n"
PAST = BEGUN + "Waiting for machine to be running, this may take a few minutes...\n"
IN_DRIVER = BEGUN + "Error creating machine: Error in driver during machine creation: "
EMPTY = Machine(name="m", driver="amazonec2")
KNOWN = Machine(name="m", driver="amazonec2", cloud_id="i-1")


def amazon(machine: Machine | None, said: str) -> Fate:
    return fate_of(machine, driver="amazonec2", said=said)


@pytest.mark.parametrize("said", ["", BEGUN, PAST, IN_DRIVER + "Error launching instance: InternalError: x"])
def test_what_has_an_id_can_be_removed(said: str) -> None:
    assert amazon(KNOWN, said) is Fate.KNOWN


def test_what_was_cut_off_in_the_first_part_is_unknown() -> None:
    assert amazon(EMPTY, BEGUN) is Fate.UNKNOWN


def test_without_a_word_of_its_create_nothing_is_known() -> None:
    # The power went, and took what was printed with it.
    assert amazon(EMPTY, "") is Fate.UNKNOWN


def test_what_came_past_its_first_part_can_be_removed() -> None:
    assert amazon(EMPTY, PAST) is Fate.KNOWN


@pytest.mark.parametrize(
    "reason",
    [
        "Error launching instance: InsufficientInstanceCapacity: We currently do not have",
        "Error launching instance: UnauthorizedOperation: You are not authorized",
        "Error launching instance: InvalidAMIID.NotFound: The image id",
        "Error request spot instance: MaxSpotInstanceCountExceeded: x",
        "unable to create key pair: InvalidKeyPair.Duplicate: x",
        "InvalidGroup.Duplicate: The security group",
        "There is already a keypair with the name m.  Please either remove",
    ],
)
def test_what_was_refused_was_not_made(reason: str) -> None:
    assert amazon(EMPTY, IN_DRIVER + reason + "\n\tstatus code: 400") is Fate.NOTHING


@pytest.mark.parametrize(
    "reason",
    [
        "Error launching instance: InternalError: An internal error has occurred",
        "Error launching instance: RequestError: send request failed",
        "Error launching instance: Unavailable: The server is overloaded",
        "Unable to tag instance i-1: UnauthorizedOperation: no",
        "Maximum number of retries (60) exceeded",
        "Error fulfilling spot request: ResourceNotReady: exceeded wait attempts",
        "Error resolving spot instance to real instance: x",
        "unexpected EOF",
    ],
)
def test_what_has_no_clear_answer_may_have_been_made(reason: str) -> None:
    assert amazon(EMPTY, IN_DRIVER + reason) is Fate.UNKNOWN


def test_a_failed_check_made_nothing() -> None:
    said = 'Running pre-create checks...\nError with pre-create check: "There is already a keypair"\n'
    assert amazon(None, said) is Fate.NOTHING


@pytest.mark.parametrize("driver", ["generic", "none", "google", "virtualbox"])
def test_drivers_that_need_no_id_can_always_remove(driver: str) -> None:
    assert fate_of(None, driver=driver, said=BEGUN) is Fate.KNOWN


def test_of_other_drivers_a_refusal_is_not_understood() -> None:
    said = (
        "Creating machine...\nError creating machine: Error in driver during machine creation: Forbidden: no"
    )
    assert fate_of(None, driver="digitalocean", said=said) is Fate.UNKNOWN
