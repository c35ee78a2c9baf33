"""What docker-machine's provisioning has changed on a host that is somebody's own."""

DROP_IN = "/etc/systemd/system/docker.service.d/10-machine.conf"

CHANGES = (
    ("Provisioning with", "the host name, now {name} (/etc/hostname, /etc/hosts)"),
    ("Provisioning with", "packages, where they were missing (curl, Docker)"),
    (
        "Copying certs to the remote",
        "the engine's certificates (/etc/docker/ca.pem, server.pem, server-key.pem)",
    ),
    (
        "Setting Docker configuration",
        f"the engine's options, port 2376 with TLS ({DROP_IN} or /etc/default/docker)",
    ),
)
"""The lines that its create prints before it changes something, and what that is."""


def changed_by_provisioning(said: str, *, name: str) -> list[str]:
    """Return what a create that printed `said` has changed on the host that it called `name`.

    No removal undoes that: nobody knows what was there before.
    """
    return [change.format(name=name) for line, change in CHANGES if line in said]
