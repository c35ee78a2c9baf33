"""docker-machine's language: commands as lists, and what it prints."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.errors import ConfigurationError

OLDEST = (0, 16, 0)
MAX_NAME = 63
RESERVED_NAMES = ("default", "docker-machine")
"""Names that mean something else to it: the machine of no name, and the driver's security group."""

MILESTONES = (
    ("Running pre-create checks", "Running pre-create checks"),
    ("Creating machine", "Creating machine"),
    ("Launching instance", "Launching instance"),
    ("Waiting for spot instance", "Waiting for spot instance"),
    ("Waiting for machine to be running", "Waiting for machine to be running"),
    ("Waiting for SSH", "Waiting for SSH"),
    ("Detecting the provisioner", "Detecting the provisioner"),
    ("Provisioning with", "Provisioning"),
    ("Installing Docker", "Installing Docker"),
    ("Copying certs", "Copying certs"),
    ("Setting Docker configuration", "Setting Docker configuration"),
    ("Checking connection to Docker", "Checking connection to Docker"),
    ("Docker is up and running", "Docker is up and running"),
)
"""How its lines begin, and what we say of them."""

_VERSION = re.compile(
    r"^(?P<name>\S+) version v?(?P<version>(\d+)\.(\d+)\.(\d+)[^\s,]*), build", re.ASCII | re.MULTILINE
)
_DRIVER_LINE = re.compile(r"^\([^()\s]+\) ")
_FLAG = re.compile(r"^\s+--(?P<name>[a-z0-9][a-z0-9-]*)(?:, -\w)?(?P<rest>.*)$", re.ASCII)
_VARIABLE = re.compile(r"\[\$(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?:, \$\w+)*\]\s*$", re.ASCII)
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?", re.ASCII)

SECRET_WORDS = frozenset(
    {"token", "secret", "password", "passwd", "pass", "passphrase", "apikey", "credentials"}
)
HARMLESS_ENDS = frozenset(
    {"file", "fingerprint", "fingerprints", "id", "name", "path", "port", "ttl", "type", "user"}
)
"""What a flag's last word may be that only points at a secret, or describes it."""

HARMLESS_KEYS = frozenset({"ssh", "kms", "public", "existing"})
"""What stands before `key` where the key is none, or a file's name."""


class NotDockerMachine(ConfigurationError):
    """A program that is no docker-machine, or one that is too old."""

    card_code = "no-docker-machine"


@dataclass(frozen=True, kw_only=True, slots=True)
class Program:
    """Which docker-machine it is; `fork` is upstream, gitlab or rancher."""

    fork: str
    version: str

    def __str__(self) -> str:
        return f"{'rancher-machine' if self.fork == 'rancher' else 'docker-machine'} {self.version}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Flag:
    """A flag of `create`; `variable` is the environment variable that says the same."""

    name: str
    variable: str | None = None
    takes_value: bool = True


_AWS_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-[0-9]")
DEFAULT_REGIONS = {"amazonec2": "us-east-1"}
"""Where drivers make their hosts that are told no region."""


UPSTREAM_REGIONS = frozenset({
    "us-east-1", "us-east-2", "us-west-1", "us-west-2", "us-gov-west-1", "ca-central-1", "sa-east-1",
    "eu-central-1", "eu-north-1", "eu-west-1", "eu-west-2", "eu-west-3",
    "ap-northeast-1", "ap-northeast-2", "ap-south-1", "ap-southeast-1", "ap-southeast-2",
    "cn-north-1", "cn-northwest-1",
})  # fmt: skip
"""The regions of AWS that docker-machine 0.16.2 knows; it refuses all others."""


def known_regions(program: "Program") -> frozenset[str] | None:
    """Return the regions of AWS that a docker-machine can make hosts in, None where nobody knows."""
    return UPSTREAM_REGIONS if program.fork == "upstream" else None


def version_of(output: str, *, program: str) -> Program:
    """Return what `--version` said; raise `NotDockerMachine`."""
    found = _VERSION.search(output)
    # The Docker client answers in the very same form.
    if found is None or found["name"].lower() == "docker":
        raise NotDockerMachine(
            f"{program} is not a docker-machine",
            cause="its `--version` does not read like one",
            next_step="install docker-machine, or name it by ORCHESTRATE_DOCKER_MACHINE",
        )
    version = found["version"]
    fork = next((name for name in ("gitlab", "rancher") if name in version), "upstream")
    # Rancher counts on its own: 0.15.0-rancher125 is younger than 0.16.2.
    if fork != "rancher" and tuple(int(found[number]) for number in (3, 4, 5)) < OLDEST:
        raise NotDockerMachine(
            f"{program} is docker-machine {version}",
            cause=f"it must be {'.'.join(map(str, OLDEST))} or newer",
            next_step="install docker-machine 0.16.2, or name it by ORCHESTRATE_DOCKER_MACHINE",
        )
    return Program(fork=fork, version=version)


def flags_of(help_text: str) -> dict[str, Flag]:
    """Return the flags that `create -d DRIVER --help` lists, by name without dashes."""
    flags = {}
    for line in help_text.splitlines():
        if (found := _FLAG.match(line)) is None:
            continue
        name, rest = found["name"], found["rest"]
        variable = _VARIABLE.search(rest)
        flags[name] = Flag(
            name=name,
            variable=None if variable is None else variable["name"],
            # A blank stands where the value would, before the tabulators.
            takes_value=not rest.startswith("\t"),
        )
    return flags


def create_command(program: str, *, driver: str, name: str, options: Mapping[str, Any]) -> list[str]:
    """Return the command that creates a machine.

    A list repeats its flag, `True` gives a bare flag, `False` and `None` leave it out.
    """
    command = [program, "create", "-d", driver]
    for option, value in options.items():
        for item in value if isinstance(value, (list, tuple)) else [value]:
            if item is True:
                command.append(f"--{option}")
            elif item is not False and item is not None:
                command += [f"--{option}", str(item)]
    return [*command, name]


def remove_command(program: str, name: str) -> list[str]:
    """Return the command that removes a machine; never `-f`, which forgets what it failed to remove."""
    return [program, "rm", "-y", name]


def looks_secret(option: str) -> bool:
    """Return whether the value of an option is a secret, by the option's name."""
    words = option.split("-")
    if words[-1] in HARMLESS_ENDS:
        return False
    if SECRET_WORDS.intersection(words):
        return True
    return any(
        word == "key" and words[index - 1] not in HARMLESS_KEYS for index, word in enumerate(words) if index
    )


def hidden_options(
    options: Mapping[str, Any], *, references: Mapping[str, Any], flags: Mapping[str, Flag]
) -> dict[str, str]:
    """Return the environment that stands in for options which no command line may show.

    These are the ones that look like secrets, and those that the fleet has by reference. Raise
    `ConfigurationError` for one that the driver takes on its command line only.
    """
    environment = {}
    for option, value in options.items():
        if value is None or value is False or not (looks_secret(option) or option in references):
            continue
        flag = flags.get(option)
        items = [str(item) for item in value] if isinstance(value, (list, tuple)) else None
        if flag is None or flag.variable is None or (items and any("," in item for item in items)):
            raise ConfigurationError(
                f"option `{option}` would show its value in the process list",
                cause="the driver reads it from its command line only",
                next_step="leave it out; if it is no secret and has a `${VAR}`, write the value instead",
            )
        text = str(value).lower() if isinstance(value, bool) else str(value)
        environment[flag.variable] = text if items is None else ",".join(items)
    return environment


def region_of(driver: str, options: Mapping[str, Any], *, otherwise: str) -> str:
    """Return the region that a driver makes a host in, by the cloud's own name for it.

    `otherwise` is where the tester says that it stands: EC2 has it where it is the name of a region.
    """
    if driver in DEFAULT_REGIONS and _AWS_REGION.fullmatch(otherwise):
        return str(options.get(f"{driver}-region") or otherwise)
    return str(options.get(f"{driver}-region") or DEFAULT_REGIONS.get(driver) or otherwise)


def milestone_of(line: str) -> str | None:
    """Return what a line of `create` says about how far it is, None for any other line."""
    text = _DRIVER_LINE.sub("", line, count=1)
    return next((said for begins, said in MILESTONES if text.startswith(begins)), None)


def removal_said_missing(output: str) -> bool:
    """Return whether `rm` failed because it knows no machine of that name."""
    return re.search(r'(Docker machine|[Hh]ost:?) "?[^"\s]+"? does not exist', output) is not None


def name_problem(name: str) -> str | None:
    """Return what is wrong with a machine's name, None if nothing is."""
    if len(name) > MAX_NAME:
        return f"it has {len(name)} characters, and a host's name has at most {MAX_NAME}"
    if name in RESERVED_NAMES:
        return "docker-machine keeps that name for itself"
    if _NAME.fullmatch(name) is None:
        return "a host's name has lower-case letters, digits and `-` within"
    return None
