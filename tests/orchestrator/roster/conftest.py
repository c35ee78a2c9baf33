from tests.orchestrator.asking import orchestrate, served

__all__ = ["orchestrate", "served"]
