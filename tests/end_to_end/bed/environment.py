"""The environment of whatever runs inside a bed."""

import os
import sys
from pathlib import Path

from tests.end_to_end.bed.certificates import AUTHORITY

ACCESS_KEY = "AKIABEDBEDBEDBEDBED0"
"""The only one that the bed's cloud knows."""

MINE = ("AWS_", "DOCKER_", "MACHINE_", "ORCHESTRATE_", "COLLECTOR_", "TESTER_")
OVERRIDES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
"""These two would stand before the authority that the Docker SDK is given."""


def environment_inside(folder: Path, *, secret: str) -> dict[str, str]:
    """Return our own environment with the bed's credentials, authority and docker-machine in it."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(MINE) and name not in OVERRIDES and "proxy" not in name.lower()
    }
    authority = str(folder / "tls" / AUTHORITY)
    return kept | {
        "PATH": f"{folder / 'bin'}:{Path(sys.executable).parent}:{kept.get('PATH', os.defpath)}",
        "ORCHESTRATE_DOCKER_MACHINE": str(folder / "bin" / "docker-machine"),
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": secret,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CA_BUNDLE": authority,
        "SSL_CERT_FILE": authority,
        "SSL_CERT_DIR": "/nonexistent",
        "USER": kept.get("USER", "root"),
    }
