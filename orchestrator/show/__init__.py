"""Renders events and answers."""
