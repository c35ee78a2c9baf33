"""What in a report is worth an exit code."""
