"""A collector on a real database, once with each engine, as the reads have it."""

from tests.collector.reads.conftest import house

__all__ = ["house"]
