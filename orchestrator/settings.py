"""What the environment says, read once at the edge."""

import os
import socket
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from orchestrator.errors import ConfigurationError
from orchestrator.fleet.quantities import seconds_of, usd_of
from orchestrator.fleet.rails import Rails
from orchestrator.patience import Patience, read_patience
from orchestrator.secret_files import read_secret_file

STATE_DIR = "ORCHESTRATE_STATE_DIR"
COLLECTOR_URL = "ORCHESTRATE_COLLECTOR_URL"
ADMIN_TOKEN = "ORCHESTRATE_ADMIN_TOKEN"  # noqa: S105 - the name of a variable, not a secret
READER_TOKEN = "ORCHESTRATE_READER_TOKEN"  # noqa: S105 - the name of a variable, not a secret
INSECURE = "ORCHESTRATE_INSECURE"
DOCKER_MACHINE = "ORCHESTRATE_DOCKER_MACHINE"

ALLOWED_DRIVERS = "ORCHESTRATE_ALLOWED_DRIVERS"
ALLOWED_OPTIONS = "ORCHESTRATE_ALLOWED_OPTIONS"
ALLOWED_TYPES = "ORCHESTRATE_ALLOWED_TYPES"
ALLOWED_IMAGES = "ORCHESTRATE_ALLOWED_IMAGES"
MAX_USD_PER_HOUR = "ORCHESTRATE_MAX_USD_PER_HOUR"
MAX_TTL = "ORCHESTRATE_MAX_TTL"

NONE = "none"
"""Nothing is allowed, in a list; no limit, in a number."""

TRUE = ("1", "true", "yes", "on")
FALSE = ("", "0", "false", "no", "off")


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """The settings of one orchestrator.

    `collector_url` stands in for what the fleet does not say; tokens outrank those of the fleet.
    `docker_machine` is the program that makes hosts, a name on PATH or a path.
    `rails` bound what a fleet from the testers table may ask for.
    Secrets stay out of the representation, so that no log or traceback shows them.
    """

    state_dir: Path
    collector_url: str | None = None
    admin_token: str | None = field(default=None, repr=False)
    reader_token: str | None = field(default=None, repr=False)
    insecure: bool = False
    color: bool = True
    who: str = "somebody"
    docker_machine: str = "docker-machine"
    patience: Patience = field(default_factory=Patience)
    rails: Rails = field(default_factory=Rails)


@dataclass(frozen=True, kw_only=True, slots=True)
class Edge:
    """The world as `main` found it, handed to every command as click's `ctx.obj`.

    `after_journal_write` is called after each record that a journal has committed: a test ends the
    process there, so that "killed at any step" means every step.
    """

    settings: Settings
    environment: Mapping[str, str] = field(repr=False)
    command_line: tuple[str, ...] = ()
    stdin: TextIO = field(default_factory=lambda: sys.stdin)
    stdout: TextIO = field(default_factory=lambda: sys.stdout)
    stderr: TextIO = field(default_factory=lambda: sys.stderr)
    clock: Callable[[], datetime] = field(default_factory=lambda: utc_now)
    after_journal_write: Callable[[], None] | None = None


def utc_now() -> datetime:
    """Return the time, aware, in UTC."""
    return datetime.now(UTC)


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Return the settings in `environment`; raise `ConfigurationError` for one that is rubbish."""
    return Settings(
        state_dir=_state_dir(environment),
        collector_url=environment.get(COLLECTOR_URL) or None,
        admin_token=_secret(environment, ADMIN_TOKEN),
        reader_token=_secret(environment, READER_TOKEN),
        insecure=_flag(environment, INSECURE),
        color=not environment.get("NO_COLOR"),
        who=_who(environment),
        docker_machine=environment.get(DOCKER_MACHINE) or "docker-machine",
        patience=read_patience(environment),
        rails=_rails(environment),
    )


def _state_dir(environment: Mapping[str, str]) -> Path:
    if said := environment.get(STATE_DIR):
        return Path(said).expanduser().absolute()
    home = environment.get("XDG_STATE_HOME")
    # The XDG specification says that a relative path is to be ignored.
    if home and Path(home).is_absolute():
        return Path(home) / "orchestrate"
    if not environment.get("HOME"):
        raise ConfigurationError(
            "there is no place for the state",
            cause=f"neither {STATE_DIR} nor XDG_STATE_HOME nor HOME is set",
            next_step=f"export {STATE_DIR}=/some/directory",
        )
    return Path(environment["HOME"]) / ".local" / "state" / "orchestrate"


def _secret(environment: Mapping[str, str], name: str) -> str | None:
    if value := environment.get(name):
        return value.strip()
    path = environment.get(f"{name}_FILE")
    if not path:
        return None
    return read_secret_file(Path(path), named_by=f"{name}_FILE")


def _flag(environment: Mapping[str, str], name: str) -> bool:
    value = environment.get(name, "").lower()
    if value in TRUE or value in FALSE:
        return value in TRUE
    raise ConfigurationError(f"{name} is {value!r}", next_step=f"set {name} to 1 or 0")


def _rails(environment: Mapping[str, str]) -> Rails:
    default = Rails()
    return Rails(
        drivers=_patterns(environment, ALLOWED_DRIVERS, default.drivers),
        options=_patterns(environment, ALLOWED_OPTIONS, default.options),
        types=_patterns(environment, ALLOWED_TYPES, default.types),
        images=_patterns(environment, ALLOWED_IMAGES, default.images),
        max_usd_per_hour=_limit(
            environment,
            MAX_USD_PER_HOUR,
            default.max_usd_per_hour,
            read=_usd,
            wanted="an amount in USD such as 0.5, or none",
        ),
        max_ttl_s=_limit(
            environment,
            MAX_TTL,
            default.max_ttl_s,
            read=seconds_of,
            wanted="a duration such as 2h, or none",
        ),
    )


def _patterns(environment: Mapping[str, str], name: str, default: tuple[str, ...]) -> tuple[str, ...]:
    words = environment.get(name, "").replace(",", " ").split()
    if not words:
        return default
    return () if words == [NONE] else tuple(words)


def _limit(
    environment: Mapping[str, str],
    name: str,
    default: float | None,
    *,
    read: Callable[[str], float],
    wanted: str,
) -> float | None:
    text = environment.get(name, "").strip()
    if not text:
        return default
    if text == NONE:
        return None
    try:
        value = read(text)
    except ValueError:
        value = -1.0
    if value < 0:
        raise ConfigurationError(f"{name} is {text!r}", next_step=f"set {name} to {wanted}")
    return value


def _usd(text: str) -> float:
    return usd_of(text if text.endswith("USD") else f"{text} USD")


def _who(environment: Mapping[str, str]) -> str:
    user = environment.get("USER") or environment.get("LOGNAME") or f"uid {os.getuid()}"
    return f"{user}@{socket.gethostname()}"
