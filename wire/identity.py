"""Identifiers that every program computes alike."""

from uuid import UUID, uuid5


def run_id_of(*, sweep_id: UUID, tester_id: UUID, index: int) -> UUID:
    """Return the id of the run that a tester makes as number `index` (from 0) of a sweep.

    It is a UUID of version 5 (RFC 9562, 5.5), so that a tester that starts again announces the
    same run, and a collector recognises a run that belongs to somebody else.
    """
    return uuid5(sweep_id, f"{tester_id}:{index}")


def schedule_id_of(*, fleet_id: UUID, schedule: str) -> UUID:
    """Return the id of a fleet's schedule, the same for every orchestrator of that fleet."""
    return uuid5(fleet_id, f"schedule:{schedule}")
