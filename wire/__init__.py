"""What crosses a process boundary between orchestrator, tester and collector."""
