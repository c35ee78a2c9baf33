"""What docker-machine has changed on somebody's own host is told by what it printed."""

from orchestrator.places.machine.provisioned import changed_by_provisioning

WHOLE = """\
Running pre-create checks...
Creating machine...
Detecting the provisioner...
Provisioning with debian...
Copying certs to the local machine directory...
Copying certs to the remote machine...
Setting Docker configuration on the remote daemon...
Docker is up and running!
"""


def test_a_whole_create_has_changed_name_packages_certificates_and_options() -> None:
    changed = changed_by_provisioning(WHOLE, name="mill-oslo-abc")

    assert len(changed) == 4
    assert "mill-oslo-abc" in changed[0]
    assert "server-key.pem" in changed[2]
    assert "10-machine.conf" in changed[3]


def test_a_create_that_failed_earlier_has_changed_less() -> None:
    assert changed_by_provisioning(WHOLE.partition("Provisioning")[0], name="x") == []
    assert len(changed_by_provisioning(WHOLE.partition("Copying certs")[0], name="x")) == 2
