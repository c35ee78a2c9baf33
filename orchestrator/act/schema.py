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

MIGRATIONS = (FIRST, SECOND, THIRD)
"""What brings a journal from each version to the next; an empty file is of version 0."""

VERSION = len(MIGRATIONS)
"""Kept in SQLite's `user_version`; a journal of a newer version is refused."""
