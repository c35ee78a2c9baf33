"""What the tester can be told, one flag each."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from tester.engine.choose import ENGINES, SOCKET_CHOICES
from tester.units import bytes_of, seconds_of
from wire.job import (
    IP_CHOICES,
    MAX_INTERVAL_S,
    MAX_PORT,
    MAX_PROBE_COUNT,
    MAX_RATE_PER_S,
    MAX_SIZE_BYTES,
    MAX_TIMEOUT_S,
    MIN_RATE_PER_S,
    PROBE_TYPES,
    TRACE_CHOICES,
)

PREFIX = "TESTER_"
FOREVER = "forever"


@dataclass(frozen=True, kw_only=True, slots=True)
class Flag:
    """An option: its value is read by `read`, whether it comes from argv or from the environment."""

    name: str
    read: Callable[[str], Any]
    metavar: str
    text: str
    default: Any = None
    many: bool = False
    commands: tuple[str, ...] = ("run",)
    by_hand: bool = False

    @property
    def is_switch(self) -> bool:
        """Whether it takes no value on the command line."""
        return self.read is _yes

    @property
    def field(self) -> str:
        """Its name as an attribute."""
        return self.name.replace("-", "_")

    @property
    def variable(self) -> str:
        """Its name in the environment."""
        return PREFIX + self.field.upper()


def path_of(text: str) -> Path:
    """Return a path, `~` being somebody's home; raise ValueError where they have none."""
    try:
        return Path(text).expanduser()
    except RuntimeError:
        raise ValueError(f"{text!r} has no home directory") from None


def _whole(least: int, most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        value = int(text) if text.strip().removeprefix("-").isdecimal() else None
        if value is None or not least <= value <= most:
            raise ValueError(f"{text!r} is not a whole number from {least} to {most}")
        return value

    return read


def _seconds(least: float, most: float) -> Callable[[str], float]:
    def read(text: str) -> float:
        value = seconds_of(text)
        if not least <= value <= most:
            raise ValueError(f"{text!r} is not between {least:g} s and {most:g} s")
        return value

    return read


def _number(least: float, most: float) -> Callable[[str], float]:
    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not least <= value <= most:
            raise ValueError(f"{text!r} is not a number from {least:g} to {most:g}")
        return value

    return read


def _one_of(*choices: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in choices:
            raise ValueError(f"{text!r} is not one of {', '.join(choices)}")
        return text

    return read


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a UUID") from None


def _repeat(text: str) -> int | str:
    return FOREVER if text == FOREVER else _whole(1, 10_000_000)(text)


def _text(text: str) -> str:
    if not text.strip() or len(text) > 255:
        raise ValueError(f"{text[:40]!r} is not a name of 1 to 255 characters")
    return text


def _yes(text: str) -> bool:
    choices = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
    if text.lower() not in choices:
        raise ValueError(f"{text!r} is not yes or no")
    return choices[text.lower()]


_BOTH = ("run", "deliver")
FLAGS = (
    Flag(name="job", read=path_of, metavar="FILE", text="job file of the orchestrator, read before each run"),
    Flag(
        name="host",
        read=_text,
        metavar="HOST",
        text="a server to ping",
        many=True,
        by_hand=True,
        commands=("run", "trace"),
    ),
    Flag(
        name="server", read=_text, metavar="NAME=HOST", text="a server and its name", many=True, by_hand=True
    ),
    Flag(
        name="servers",
        read=_text,
        metavar="FILE",
        text="file of servers (- is stdin): `name host [group]` or `host` a line, # for comments",
        by_hand=True,
    ),
    Flag(
        name="type",
        read=_one_of(*PROBE_TYPES),
        metavar="|".join(PROBE_TYPES),
        text="echo requests, or connects to --port",
        by_hand=True,
    ),
    Flag(
        name="port", read=_whole(1, MAX_PORT), metavar="N", text="where TCP probes connect to", by_hand=True
    ),
    Flag(name="count", read=_whole(1, MAX_PROBE_COUNT), metavar="N", text="probes a run", by_hand=True),
    Flag(
        name="interval",
        read=_seconds(0, MAX_INTERVAL_S),
        metavar="TIME",
        text="between probes of a server",
        by_hand=True,
    ),
    Flag(
        name="rate",
        read=_number(MIN_RATE_PER_S, MAX_RATE_PER_S),
        metavar="N",
        text="probes a second over all servers, at most",
        by_hand=True,
    ),
    Flag(
        name="trace",
        read=_one_of(*TRACE_CHOICES),
        metavar="|".join(TRACE_CHOICES),
        text="whose path is traced after the probing",
        by_hand=True,
    ),
    Flag(
        name="timeout",
        read=_seconds(0.001, MAX_TIMEOUT_S),
        metavar="TIME",
        text="after which a probe is lost",
        by_hand=True,
    ),
    Flag(
        name="size", read=_whole(0, MAX_SIZE_BYTES), metavar="BYTES", text="payload of a probe", by_hand=True
    ),
    Flag(
        name="ip",
        read=_one_of(*IP_CHOICES),
        metavar="|".join(IP_CHOICES),
        text="which addresses of a name",
        by_hand=True,
        commands=("run", "trace"),
    ),
    Flag(name="dscp", read=_whole(0, 63), metavar="0-63", text="DiffServ code point", by_hand=True),
    Flag(name="repeat", read=_repeat, metavar="N|forever", text="number of runs", by_hand=True),
    Flag(
        name="every",
        read=_seconds(0, 31_536_000),
        metavar="TIME",
        text="from run to run",
        by_hand=True,
    ),
    Flag(
        name="jitter",
        read=_seconds(0, 31_536_000),
        metavar="TIME",
        text="each run begins later by a random part of this",
        by_hand=True,
    ),
    Flag(name="tester", read=_text, metavar="NAME", text="name of this tester", by_hand=True),
    Flag(name="fleet", read=_text, metavar="NAME", text="name of the fleet", by_hand=True),
    Flag(name="fleet-id", read=_uuid, metavar="UUID", text="the fleet", by_hand=True),
    Flag(name="sweep-id", read=_uuid, metavar="UUID", text="the sweep that the runs belong to", by_hand=True),
    Flag(name="tester-id", read=_uuid, metavar="UUID", text="who this tester is", commands=_BOTH),
    Flag(name="collector", read=_text, metavar="URL", text="where reports go", commands=_BOTH),
    Flag(
        name="token-file", read=path_of, metavar="FILE", text="this tester's token, one line", commands=_BOTH
    ),
    Flag(
        name="insecure",
        read=_yes,
        metavar="",
        text="send the token over plain http to public addresses too",
        default=False,
        commands=_BOTH,
    ),
    Flag(name="spool", read=path_of, metavar="DIR", text="where reports wait for delivery", commands=_BOTH),
    Flag(
        name="spool-limit",
        read=bytes_of,
        metavar="SIZE",
        text="past it no run begins (1GiB)",
        default=2**30,
    ),
    Flag(
        name="deliver-for",
        read=_seconds(0, 31_536_000),
        metavar="TIME",
        text="how long to try at the end (5m)",
        default=300.0,
        commands=_BOTH,
    ),
    Flag(
        name="heartbeat-every",
        read=_seconds(0.1, 86_400),
        metavar="TIME",
        text="between heartbeats (30s)",
        default=30.0,
    ),
    Flag(name="engine", read=_one_of(*ENGINES), metavar="|".join(ENGINES), text="who probes", default="auto"),
    Flag(
        name="socket",
        read=_one_of(*SOCKET_CHOICES),
        metavar="|".join(SOCKET_CHOICES),
        text="kind of socket",
        default="auto",
        commands=("run", "trace", "check"),
    ),
    Flag(
        name="output",
        read=_one_of("table", "json"),
        metavar="table|json",
        text="what stdout shows",
        commands=("run", "trace"),
    ),
)
