"""What is wanted: fleet.yaml or the testers table."""
