"""What `tester run`, `deliver` and `check` do."""
