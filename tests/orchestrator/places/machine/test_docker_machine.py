import subprocess

import pytest

from orchestrator.errors import ConfigurationError
from orchestrator.places.machine.docker_machine import (
    Flag,
    NotDockerMachine,
    create_command,
    flags_of,
    hidden_options,
    looks_secret,
    milestone_of,
    name_problem,
    removal_said_missing,
    remove_command,
    version_of,
)
from tests.orchestrator.places.machine.a_machine import HELP, real_program


@pytest.mark.parametrize(
    ("output", "said"),
    [
        ("docker-machine version 0.16.2, build bd45ab13\n", "docker-machine 0.16.2"),
        ("dm version 0.16.2, build HEAD\n", "docker-machine 0.16.2"),
        ("docker-machine version 0.16.2-gitlab.42, build ab12\n", "docker-machine 0.16.2-gitlab.42"),
        ("rancher-machine version v0.15.0-rancher125, build ab\n", "rancher-machine 0.15.0-rancher125"),
        ("a warning\ndocker-machine version 0.17.0, build x", "docker-machine 0.17.0"),
    ],
)
def test_each_fork_is_recognised(output: str, said: str) -> None:
    assert str(version_of(output, program="docker-machine")) == said


@pytest.mark.parametrize(
    ("output", "why"),
    [
        ("docker-machine version 0.15.0, build b48dc28d", "is docker-machine 0.15.0"),
        ("docker-machine version 0.9.1, build x", "is docker-machine 0.9.1"),
        ("Docker version 20.10.24+dfsg1, build 297e128", "is not a docker-machine"),
        ("--version\n", "is not a docker-machine"),
        ("", "is not a docker-machine"),
    ],
)
def test_what_is_too_old_or_something_else_is_refused(output: str, why: str) -> None:
    with pytest.raises(NotDockerMachine, match=why):
        version_of(output, program="dm")


def test_flags_are_read_from_the_help() -> None:
    flags = flags_of(HELP)
    assert flags["told-token"] == Flag(name="told-token", variable="TOLD_TOKEN", takes_value=True)
    assert flags["told-size"] == Flag(name="told-size", variable=None, takes_value=True)
    assert flags["told-switch"] == Flag(name="told-switch", variable=None, takes_value=False)
    assert flags["amazonec2-zone"].variable == "AWS_ZONE"


def test_the_flags_of_the_real_docker_machine_are_all_read() -> None:
    program = real_program()
    asked = subprocess.run(
        [program, "create", "-d", "amazonec2", "--help"],
        capture_output=True, text=True, timeout=30, check=True,
        env={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent"},
    )  # fmt: skip
    flags = flags_of(asked.stdout)
    assert len(flags) == sum(line.startswith("   --") for line in asked.stdout.splitlines())
    assert {name for name in flags if looks_secret(name)} == {
        "amazonec2-access-key", "amazonec2-secret-key", "amazonec2-session-token",
    }  # fmt: skip
    assert not flags["amazonec2-monitoring"].takes_value
    assert flags["amazonec2-ami"].takes_value
    assert flags["amazonec2-region"].variable == "AWS_DEFAULT_REGION"


def test_a_command_repeats_lists_bares_true_and_leaves_false_out() -> None:
    options = {"a": "x", "b": ["1", 2], "c": True, "d": False, "e": None, "f": 0, "g": [True, False]}
    assert create_command("dm", driver="generic", name="n", options=options) == [
        "dm", "create", "-d", "generic", "--a", "x", "--b", "1", "--b", "2", "--c", "--f", "0", "--g", "n",
    ]  # fmt: skip


def test_a_removal_is_never_forced() -> None:
    assert remove_command("dm", "n") == ["dm", "rm", "-y", "n"]


@pytest.mark.parametrize(
    "option",
    ["digitalocean-access-token", "amazonec2-secret-key", "openstack-password", "exoscale-api-secret-key",
     "azure-client-secret", "linode-root-pass", "rackspace-api-key", "hetzner-api-token"],
)  # fmt: skip
def test_secrets_are_known_by_their_names(option: str) -> None:
    assert looks_secret(option)


@pytest.mark.parametrize(
    "option",
    ["amazonec2-ssh-keypath", "generic-ssh-key", "amazonec2-keypair-name", "amazonec2-kms-key",
     "openstack-private-key-file", "digitalocean-ssh-key-fingerprint", "hetzner-existing-key-path",
     "amazonec2-http-tokens", "keyboard", "amazonec2-region"],
)  # fmt: skip
def test_what_only_points_at_a_key_is_no_secret(option: str) -> None:
    assert not looks_secret(option)


def test_secrets_and_references_travel_in_the_environment() -> None:
    flags = flags_of(HELP)
    options = {"told-token": "hush", "amazonec2-zone": "b", "url": "tcp://x", "told-switch": True}
    references = {"amazonec2-zone": "${ZONE}"}
    assert hidden_options(options, references=references, flags=flags) == {
        "TOLD_TOKEN": "hush",
        "AWS_ZONE": "b",
    }


@pytest.mark.parametrize("options", [{"told-secret": "hush"}, {"told-size": ["1", "2"]}, {"unknown": "x"}])
def test_a_secret_without_a_variable_is_refused_and_not_told(options: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError, match="would show its value") as caught:
        hidden_options(options, references=dict.fromkeys(options, "${X}"), flags=flags_of(HELP))
    assert "hush" not in str(caught.value.card)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("Running pre-create checks...", "Running pre-create checks"),
        ("(edge-1) Launching instance...", "Launching instance"),
        ("Waiting for machine to be running, this may take a few minutes...",
         "Waiting for machine to be running"),
        ("Waiting for SSH to be available...", "Waiting for SSH"),
        ("Provisioning with ubuntu(systemd)...", "Provisioning"),
        ("Copying certs to the remote machine...", "Copying certs"),
        ("Docker is up and running!", "Docker is up and running"),
        ("(edge-1) Installing Docker from: https://x", "Installing Docker"),
        ("To see how to connect your Docker Client", None),
        ("Error: Launching instance", None),
        ("", None),
    ],
)  # fmt: skip
def test_milestones_are_read_from_lines(line: str, said: str | None) -> None:
    assert milestone_of(line) == said


def test_a_removal_that_found_nothing_is_told_from_other_failures() -> None:
    missing = 'Error removing host "x": Docker machine "x" does not exist. Use "docker-machine ls" to list.'
    assert removal_said_missing(missing)
    assert not removal_said_missing("Error removing host \"x\": The vpc 'vpc-1' does not exist")


@pytest.mark.parametrize("name", ["a", "edge-tokyo-1-0a1b2c3d-x1y2", "a" * 63, "1a"])
def test_names_of_hosts_may_be_so(name: str) -> None:
    assert name_problem(name) is None


@pytest.mark.parametrize("name", ["", "a" * 64, "A", "a.b", "a_b", "-a", "a-", "default", "a\n", "ä"])
def test_names_of_hosts_may_not_be_so(name: str) -> None:
    assert name_problem(name) is not None
