"""Pings servers and reports what it found."""

VERSION = "0.1.0"
