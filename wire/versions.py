"""Versions that decide whether two programs of ours understand each other."""

API_VERSION = 1
"""The HTTP API under `/api/v1`."""

REPORT_VERSION = 1
"""What this tester writes."""

REPORT_VERSIONS = (REPORT_VERSION,)
"""What this collector reads: N and N-1, once there is an N-1."""

JOB_VERSION = 1
"""What this orchestrator writes into a tester's job file."""
