"""What Prometheus is told: the newest results, and the collector's own work."""
