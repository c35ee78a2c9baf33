"""Which image hosts boot: Canonical's current one of a region, or the fleet's own."""

from typing import Any

from botocore.exceptions import ClientError

from orchestrator.cloud.clients import Clients, code_of
from orchestrator.cloud.refusals import CloudRefused, asking

RELEASE = "24.04"
"""Ubuntu's long-term release; docker-machine's provisioner for systemd knows it."""
PARAMETER = "/aws/service/canonical/ubuntu/server/{release}/stable/current/{arch}/hvm/ebs-gp3/ami-id"
CANONICALS = {"x86_64": "amd64", "arm64": "arm64"}
"""What Canonical calls an architecture of EC2's."""
UNKNOWN = frozenset({"InvalidAMIID.NotFound", "InvalidAMIID.Malformed", "InvalidAMIID.Unavailable"})


def current_image(clients: Clients, region: str, architecture: str) -> str:
    """Return the id of the current image of a region; raise `CloudRefused`.

    Its source is Canonical's public parameter of the Systems Manager.
    """
    name = PARAMETER.format(release=RELEASE, arch=CANONICALS[architecture])
    with asking(region):
        try:
            found = clients.client("ssm", region).get_parameter(Name=name)
        except ClientError as error:
            if code_of(error) != "ParameterNotFound":
                raise
            raise CloudRefused(
                f"{region} has no image of Ubuntu {RELEASE} for {architecture}",
                cause=f"there is no parameter {name}",
                next_step="name an image of that region by `amazonec2-ami`",
            ) from None
    return str(found["Parameter"]["Value"])


def architecture_of(clients: Clients, region: str, image: str) -> str:
    """Return what an image of the fleet's own runs on; raise `CloudRefused`."""
    with asking(region):
        try:
            found: list[Any] = clients.client("ec2", region).describe_images(ImageIds=[image])["Images"]
        except ClientError as error:
            if code_of(error) not in UNKNOWN:
                raise
            found = []
    if not found:
        raise CloudRefused(
            f"{region} has no image {image}",
            cause="images belong to one region each, and may be private or withdrawn",
            next_step=f"name one of {region} by `amazonec2-ami`, or leave it out",
        )
    return str(found[0]["Architecture"])
