"""How probes are sent and their answers taken."""
