"""Alerts: who is told when a verdict turns bad, and when it is good again."""
