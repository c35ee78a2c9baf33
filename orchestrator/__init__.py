"""Decides what a fleet needs, does it, and removes it again."""
