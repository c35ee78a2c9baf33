"""How long each step of a host may take, and how often it is tried."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields

from orchestrator.errors import ConfigurationError
from orchestrator.fleet.quantities import seconds_of

PREFIX = "ORCHESTRATE_"
MOST = 1_000
"""The largest number of attempts, or of hosts at once."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Patience:
    """Deadlines in seconds, attempts and numbers of hosts at once; each is a setting of its name.

    `create_deadline_s` is the setting `ORCHESTRATE_CREATE_DEADLINE`, as a duration such as 15m.
    """

    create_deadline_s: float = 900.0
    """From the start of `docker-machine create` to an engine that answers."""
    create_attempts: int = 2
    """Hosts that are made for one tester before it is given up for this sweep."""
    creates_per_region: int = 3
    """Hosts that are made at once in one region."""
    engine_deadline_s: float = 10.0
    """One answer of a host's Docker engine."""
    image_deadline_s: float = 600.0
    """The tester's image: built, streamed or pulled."""
    start_deadline_s: float = 120.0
    """A tester's volume and container, once its image is there."""
    stop_deadline_s: float = 30.0
    """A tester that is asked to end its run."""
    drain_deadline_s: float = 300.0
    """What a host has spooled is fetched and delivered."""
    remove_deadline_s: float = 300.0
    """A host's removal, with all of its attempts."""
    remove_attempts: int = 5
    """Attempts to remove a host within one command, with growing pauses."""
    fetch_every_s: float = 5.0
    """Time between two looks at the spool of a host that cannot reach the collector."""
    vanished_after_s: float = 120.0
    """A host whose engine has not answered for this long has failed, unless its tester is heard."""
    silent_after_s: float = 100.0
    """A tester without a heartbeat for this long is told to be dead; it sends one every 30 s."""
    late_after_s: float = 30.0
    """A run that takes so much longer than its tester said is told to be late."""
    events_deadline_s: float = 30.0
    """A stream of events that says nothing for this long is given up; a collector does every 15 s."""


def read_patience(environment: Mapping[str, str]) -> Patience:
    """Return the patience that `environment` asks for; raise `ConfigurationError` for rubbish."""
    asked: dict[str, float | int] = {}
    for item in fields(Patience):
        name = variable_of(item.name)
        text = environment.get(name, "").strip()
        if not text:
            continue
        read: Callable[[str], float | int] = _seconds if item.name.endswith("_s") else _number
        try:
            asked[item.name] = read(text)
        except ValueError as error:
            raise ConfigurationError(f"{name} is {text!r}", next_step=f"set {name} to {error}") from None
    return Patience(**asked)  # type: ignore[arg-type]  # each was read by the kind that its name says


def variable_of(field: str) -> str:
    """Return the environment variable of a field: `create_deadline_s` is `ORCHESTRATE_CREATE_DEADLINE`."""
    return PREFIX + field.removesuffix("_s").upper()


def _seconds(text: str) -> float:
    try:
        seconds = seconds_of(text)
    except ValueError:
        seconds = 0.0
    if not seconds > 0:
        raise ValueError("a duration above 0, such as 90s or 15m")
    return seconds


def _number(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text) <= MOST:
        raise ValueError(f"a number from 1 to {MOST}")
    return int(text)
