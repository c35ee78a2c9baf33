"""Versions that decide whether two programs of ours understand each other.

The collector is upgraded first: of what testers and orchestrators speak it understands N and N-1, and
says so in `/healthz`. Whoever asks needs no list of its own but what it speaks itself.
"""

from collections.abc import Mapping

API_VERSION = 1
"""The HTTP API under `/api/v1`, as this tester and this orchestrator speak it."""

API_VERSIONS = (API_VERSION,)
"""What this collector answers to: N and N-1, once there is an N-1."""

REPORT_VERSION = 1
"""What this tester writes."""

REPORT_VERSIONS = (REPORT_VERSION,)
"""What this collector reads: N and N-1, once there is an N-1; each has a reader of its own."""

JOB_VERSION = 1
"""What this orchestrator writes into a tester's job file."""

JOB_VERSIONS = (JOB_VERSION,)
"""What this tester reads: a job may have been written by an orchestrator of the release before."""


def api_versions_of(health: Mapping[str, object]) -> tuple[int, ...]:
    """Return the versions of the API that a collector says it answers to in `/healthz`.

    One that says nothing but its own version answers to that alone.
    """
    said = health.get("api_versions", [health.get("api_version")])
    return tuple(version for version in said if type(version) is int) if isinstance(said, list) else ()
