"""Where the packets of a path go: traceroute."""
