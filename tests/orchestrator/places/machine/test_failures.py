import re

import pytest

from orchestrator.places.machine.failures import card_of, last_error, scrubbed
from orchestrator.places.machine.messages import CAPACITY, KNOWN

IN_DRIVER = "Error creating machine: Error in driver during machine creation: "
FLAGS = "Error setting machine configuration from flags provided: "
PRE = "Error with pre-create check: "
INSTALL = "Error creating machine: Error running provisioning: "
CODE = "\n\tstatus code: 400, request id: 1"

MESSAGES = [
    (IN_DRIVER + "Error launching instance: InsufficientInstanceCapacity: none" + CODE, "has no capacity"),
    (IN_DRIVER + "Error launching instance: VcpuLimitExceeded: more" + CODE, "quota in mars is used up"),
    (IN_DRIVER + "Error launching instance: RequestLimitExceeded: x" + CODE, "mars throttles"),
    (IN_DRIVER + "Error launching instance: InternalError: x" + CODE, "cloud itself failed"),
    (IN_DRIVER + "Error launching instance: OptInRequired: x" + CODE, "not valid in mars"),
    (IN_DRIVER + "Error launching instance: UnauthorizedOperation: x" + CODE, "policy does not allow"),
    (IN_DRIVER + "ExpiredToken: The provided token has expired", "refused the keys"),
    (FLAGS + "amazonec2 driver requires AWS credentials", "no credentials for driver amazonec2"),
    (FLAGS + "digitalocean driver requires the --digitalocean-access-token option", "no credentials"),
    (PRE + '"There is already a keypair with the name m.  Please"', "key pair of that name"),
    (PRE + '"There is no keypair with the name k. Please verify"', "that the options name"),
    (IN_DRIVER + "unable to create key pair: KeyPairLimitExceeded: x", "as many key pairs"),
    (IN_DRIVER + "Error launching instance: InvalidAMIID.NotFound: x", "no such image"),
    (FLAGS + "amazonec2 driver requires either the --amazonec2-subnet-id or", "no default VPC"),
    (PRE + '"unable to find a subnet that is both in the zone q and"', "no subnet fits"),
    (IN_DRIVER + "Error launching instance: Unsupported: The requested", "instance type"),
    (FLAGS + "Invalid region specified", "does not know mars"),
    (IN_DRIVER + "InvalidGroup.Duplicate: The security group already exists", "one security group"),
    (IN_DRIVER + "InvalidGroup.NotFound: x", "security group cannot be used"),
    ('Driver "amazonec2" not found. Do you have the plugin binary "x"', "no driver amazonec2"),
    ("flag provided but not defined: -amazonec2-nosuch", "does not take one of the options"),
    ("Error creating machine: Error detecting OS: Too many retries waiting for SSH", "let us in by SSH"),
    ('Error checking the host: certs for host "192.0.2.1:2376": x509: unknown', "was not accepted"),
    (INSTALL + "Unable to verify the Docker daemon is listening", "was installed and does not answer"),
    (INSTALL + "error installing docker: x", "not be installed"),
    (INSTALL + "ssh command error:\ncommand : sudo systemctl -f start docker\nerr : 1", "does not start"),
    ('Docker machine "m" already exists', "has a machine of that name"),
    ('Error removing host "m": Docker machine "m" does not exist.', "knows no such machine"),
    ("Error saving host to store: write /x: no space left on device", "a disk is full"),
    ("Error saving host to store: open /x: permission denied", "may not be read or written"),
    ("Error creating machine: dial tcp 192.0.2.1:22: connect: connection refused", "no way to the host"),
]


@pytest.mark.parametrize(("output", "what"), MESSAGES, ids=[what for _, what in MESSAGES])
def test_a_common_message_has_a_card_of_its_own(output: str, what: str) -> None:
    card = card_of("Running pre-create checks...\n" + output, driver="amazonec2", region="mars")
    assert what in card.what
    assert card.cause
    assert card.next_step
    assert "{" not in card.what + card.cause + card.next_step


def test_there_are_cards_for_more_than_twenty_messages() -> None:
    assert len(KNOWN) > 20
    assert all(re.compile(known.pattern) for known in KNOWN)


def test_what_is_not_known_is_shown_in_its_own_words() -> None:
    card = card_of("Creating machine...\nError creating machine: the sky fell", driver="x", region="mars")
    assert (card.what, card.cause) == ("docker-machine failed", "it said: the sky fell")
    assert card_of("", driver="x", region="mars").cause == "it said nothing"


def test_progress_is_not_taken_for_a_failure() -> None:
    said = "Waiting for SSH to be available...\nInstalling Docker...\nError creating machine: the sky fell"
    assert card_of(said, driver="x", region="y").what == "docker-machine failed"


def test_only_capacity_sends_the_next_attempt_elsewhere() -> None:
    said = IN_DRIVER + "Error launching instance: InsufficientInstanceCapacity: none"
    assert card_of(said, driver="amazonec2", region="mars").kind == CAPACITY
    assert card_of(IN_DRIVER + "VcpuLimitExceeded: x", driver="x", region="y").kind == "quota"


@pytest.mark.parametrize(
    "text",
    [
        "the key AKIAABCDEFGHIJKLMNOP is wrong",
        "secret_key = wJalrXUtnFEMI",
        "token: abcdef",
        "Authorization: Bearer abc.def",
        "https://user:hush@example.net/",
        "signature wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEYwJalr",
        "Encoded authorization failure message: aBcDeFgHiJkLmNoPqRsTuVwXyZ",
    ],
)
def test_secrets_are_not_shown(text: str) -> None:
    shown = scrubbed(text)
    for secret in ("AKIAABC", "wJalr", "abcdef", "abc.def", "hush", "aBcDeF"):
        assert secret not in shown


def test_nothing_that_is_shown_moves_a_cursor() -> None:
    said = last_error("Error creating machine: \x1b[31mred\x1b[0m\x07 \u202etxt")
    assert said == "red\\x07 \\u202etxt"


def test_a_long_message_is_cut() -> None:
    assert len(last_error("Error: " + "long " * 500)) == 300
