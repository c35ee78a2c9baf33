"""Testers in containers, on engines wherever they are."""
