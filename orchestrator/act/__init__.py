"""Carries actions out, records them."""
