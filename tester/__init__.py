"""Pings servers and reports what it found."""
