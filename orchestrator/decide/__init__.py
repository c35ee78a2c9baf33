"""Pure functions from facts to actions."""
