"""The journal's tables."""

FIRST = (
    """
    CREATE TABLE fleet (
        fleet_id TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        created_at TEXT NOT NULL,
        spec TEXT NOT NULL,
        source TEXT NOT NULL,
        directory TEXT NOT NULL,
        collector_url TEXT,
        joined INTEGER NOT NULL
    ) STRICT
    """,
    """
    CREATE TABLE hosts (
        name TEXT PRIMARY KEY,
        tester TEXT NOT NULL,
        tester_id TEXT NOT NULL,
        driver TEXT NOT NULL,
        region TEXT NOT NULL,
        state TEXT NOT NULL,
        since TEXT NOT NULL,
        job_digest TEXT,
        sweep_id TEXT,
        attempts INTEGER NOT NULL
    ) STRICT
    """,
    """
    CREATE TABLE sweeps (
        sweep_id TEXT PRIMARY KEY,
        started_at TEXT NOT NULL,
        finished_at TEXT,
        outcome TEXT
    ) STRICT
    """,
    """
    CREATE TABLE log (
        id INTEGER PRIMARY KEY,
        at TEXT NOT NULL,
        host TEXT NOT NULL,
        event TEXT NOT NULL,
        state TEXT NOT NULL,
        detail TEXT NOT NULL
    ) STRICT
    """,
)

SECOND = ("ALTER TABLE hosts ADD COLUMN failed INTEGER NOT NULL DEFAULT 0",)
"""A host that has failed is known as such when it is gone, too."""

THIRD = (
    """
    CREATE TABLE regions (
        driver TEXT NOT NULL,
        region TEXT NOT NULL,
        PRIMARY KEY (driver, region)
    ) STRICT
    """,
)
"""Where something may have been made: searched when the fleet is removed."""

FOURTH = (
    "ALTER TABLE sweeps ADD COLUMN is_job INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE sweeps ADD COLUMN ended_at TEXT",
    "ALTER TABLE sweeps ADD COLUMN testers TEXT",
    "ALTER TABLE sweeps ADD COLUMN schedule_id TEXT",
    "ALTER TABLE sweeps ADD COLUMN due_at TEXT",
    """
    CREATE TABLE schedules (
        schedule_id TEXT PRIMARY KEY,
        upto TEXT NOT NULL
    ) STRICT
    """,
)
"""A sweep as a job that removes its hosts, what began it, and up to when each schedule was looked after."""

MIGRATIONS = (FIRST, SECOND, THIRD, FOURTH)
"""What brings a journal from each version to the next; an empty file is of version 0."""

VERSION = len(MIGRATIONS)
"""Kept in SQLite's `user_version`; a journal of a newer version is refused."""
