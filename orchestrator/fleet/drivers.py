"""The drivers that a tester can name."""

SUPPORTED_DRIVERS = ("local",)
"""What this version can carry out."""

OWN_DRIVERS = ("local", "docker")

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


def why_unsupported(driver: str) -> str | None:
    """Return why this version cannot carry out `driver`, None where it can."""
    if driver in SUPPORTED_DRIVERS:
        return None
    if driver in OWN_DRIVERS:
        return f"driver `{driver}` is not supported by this version"
    return f"driver `{driver}` needs docker-machine: not supported by this version"
