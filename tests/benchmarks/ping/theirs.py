"""Probes with icmplib's own `multiping`, as a process of its own."""

import resource
import sys
from pathlib import Path

import icmplib


def main(words: list[str]) -> None:
    """Probe the addresses in a file; print each with its RTTs in ms, those that came."""
    addresses_path, count, interval_s, timeout_s = words
    addresses = Path(addresses_path).read_text(encoding="ascii").split()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    hosts = icmplib.multiping(
        addresses,
        count=int(count),
        interval=float(interval_s),
        timeout=float(timeout_s),
        concurrent_tasks=len(addresses),
    )
    for host in hosts:
        sys.stdout.write(f"{host.address} {' '.join(repr(rtt) for rtt in host.rtts)}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
