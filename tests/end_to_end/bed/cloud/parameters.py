"""Canonical's public parameters: which Ubuntu image is current in a region."""

import hashlib
import json
import re
from typing import Any

from moto.ec2.models import EC2Backend
from moto.ec2.models.amis import Ami

OWNER = "099720109477"
"""Canonical's account."""
RELEASES = ("22.04", "24.04")
NAME = "/aws/service/canonical/ubuntu/server/{release}/stable/current/{arch}/hvm/ebs-gp3/ami-id"
PATH = re.compile(
    r"/aws/service/canonical/ubuntu/server/(?P<release>[\w.]+)/stable/current/(?P<arch>amd64|arm64)"
    r"/hvm/ebs-gp[23]/ami-id"
)
ARCHITECTURES = {"amd64": "x86_64", "arm64": "arm64"}


def answer_to(operation: str, body: bytes, *, backend: EC2Backend) -> dict[str, Any] | None:
    """Answer GetParameter or GetParameters; None when it asks for something else, which moto may know."""
    if operation not in ("GetParameter", "GetParameters"):
        return None
    asked = json.loads(body)
    if operation == "GetParameter":
        found = _parameter(asked["Name"], backend)
        return None if found is None else {"Parameter": found}
    known = {name: _parameter(name, backend) for name in asked["Names"]}
    if not any(known.values()):
        return None
    return {
        "Parameters": [found for found in known.values() if found is not None],
        "InvalidParameters": [name for name, found in known.items() if found is None],
    }


def image(release: str, architecture: str, *, backend: EC2Backend) -> str:
    """Return the id of the current image; raises ValueError for a release that has none."""
    found = _parameter(NAME.format(release=release, arch=architecture), backend)
    if found is None:
        raise ValueError(f"no release {release!r}: one of {', '.join(RELEASES)}")
    return str(found["Value"])


def _parameter(name: str, backend: EC2Backend) -> dict[str, Any] | None:
    asked = PATH.fullmatch(name)
    if asked is None or asked["release"] not in RELEASES:
        return None
    region = backend.region_name
    # Every region has an image of its own, as on the real cloud.
    image = "ami-" + hashlib.sha256(f"{region}{name}".encode()).hexdigest()[:17]
    if image not in backend.amis:
        backend.amis[image] = Ami(
            backend,
            image,
            name=f"ubuntu/images/hvm-ssd-gp3/ubuntu-{asked['release']}-{asked['arch']}-server-20261101",
            owner_id=OWNER,
            public=True,
            virtualization_type="hvm",
            architecture=ARCHITECTURES[asked["arch"]],
            root_device_type="ebs",
            root_device_name="/dev/sda1",
            region_name=region,
        )
    arn = f"arn:aws:ssm:{region}::parameter{name}"
    return {
        "Name": name,
        "Type": "String",
        "Value": image,
        "Version": 1,
        "ARN": arn,
        "DataType": "aws:ec2:image",
    }
