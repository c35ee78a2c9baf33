"""The drivers that a tester can name."""

LOCAL = "local"
"""A process of this machine."""

DOCKER = "docker"
"""A container on an engine that exists."""

GENERIC = "generic"
"""docker-machine's driver for a host that exists: it is somebody's own, and stays."""

OWN_DRIVERS = (LOCAL, DOCKER)

MACHINE_DRIVERS = (
    # Those of docker-machine itself and of its forks.
    "amazonec2", "azure", "digitalocean", "exoscale", "generic", "google", "harvester", "hyperv",
    "none", "openstack", "pod", "rackspace", "softlayer", "virtualbox", "vmwarefusion",
    "vmwarevcloudair", "vmwarevsphere",
    # Widely used ones that stand apart.
    "aliyunecs", "brightbox", "cloudscale", "equinixmetal", "hetzner", "kvm", "kvm2", "linode",
    "nutanix", "oci", "opennebula", "otc", "outscale", "ovh", "packet", "parallels", "proxmoxve",
    "qemu", "scaleway", "upcloud", "vmware", "vultr", "xhyve",
)  # fmt: skip
"""docker-machine's drivers that are known by name; any other one on PATH works as well."""

KNOWN_DRIVERS = OWN_DRIVERS + MACHINE_DRIVERS


def is_of_docker_machine(driver: str) -> bool:
    """Return whether docker-machine makes the hosts of this driver."""
    return driver not in OWN_DRIVERS
