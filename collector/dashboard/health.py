"""A tester's health as rows of a table (pure); what it did not say is a dash."""

from collections.abc import Mapping
from typing import Any

from collector.dashboard.formats import NONE, duration, exact_ms, percent

Health = Mapping[str, Any]


def health_of(run: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Return everything that is known of the tester of a run, as facts for a page."""
    health = run["health"] if isinstance(run["health"], Mapping) else {}
    rows = [
        ("Loopback, median", _ms(health, "loopback_us", "p50")),
        ("Gateway, median", _ms(health, "gateway_us", "p50")),
        ("A sleep of 1 ms, too long by", _ms(health, "timer_error_us", "p50")),
        ("The same, the longest", _ms(health, "timer_error_us", "max")),
        ("Later than the kernel, p99", _ms(health, "stamp_delay_us", "p99")),
        ("Sending behind its plan", _ms(health, "behind_us")),
        ("Packets dropped at the socket", _text(health, "dropped")),
        ("CPU given to others", percent(_number(health, "cpu_steal_ratio"))),
        ("Clock against the collector", clock_of(run)),
        ("Engine", _text(health, "engine")),
        ("Kernel", _text(health, "kernel")),
        ("Python", _text(health, "python")),
        ("Tester", _text(health, "tester_version")),
        ("Instance", _text(health, "cloud_host", "instance_type")),
        ("Zone", _text(health, "cloud_host", "zone")),
    ]
    return [(name, value, "") for name, value in rows if value != NONE]


def clock_of(run: Mapping[str, Any]) -> str:
    """Return the tester's clock minus the collector's."""
    offset = run["clock_offset_us"]
    if offset is None:
        return NONE
    text = duration(abs(offset) / 1e6) if abs(offset) >= 1e6 else f"{exact_ms(abs(offset))} ms"
    if not offset:
        return "0 ms"
    corrected = ", corrected" if run["clock_corrected"] else ""
    return f"{text} {'ahead' if offset > 0 else 'behind'}{corrected}"


def loopback_of(run: Mapping[str, Any]) -> str:
    """Return the middle RTT to the tester itself."""
    return _ms(run["health"], "loopback_us", "p50", unit="")


def steal_of(run: Mapping[str, Any]) -> str:
    """Return the share of the CPU that its host gave to others."""
    return percent(_number(run["health"], "cpu_steal_ratio"))


def dropped_of(run: Mapping[str, Any]) -> str:
    """Return how many packets found no room at its socket."""
    return _text(run["health"], "dropped")


def _ms(health: object, *keys: str, unit: str = " ms") -> str:
    value = _number(health, *keys)
    return NONE if value is None else exact_ms(value) + unit


def _number(health: object, *keys: str) -> float | None:
    value = _value(health, keys)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _text(health: object, *keys: str) -> str:
    value = _value(health, keys)
    return str(value) if isinstance(value, str | int | float) else NONE


def _value(health: object, keys: tuple[str, ...]) -> object:
    # A report's health is what its tester sent: any JSON.
    for key in keys:
        health = health.get(key) if isinstance(health, Mapping) else None
    return health
