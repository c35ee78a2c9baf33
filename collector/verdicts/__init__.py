"""Which regions are slow."""
