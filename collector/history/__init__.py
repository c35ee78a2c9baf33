"""What the database holds over time."""
