"""Where testers run."""
