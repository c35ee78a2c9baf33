"""No secret where it can be read: arguments, output, events, journal, engines, docker-machine's store."""

import json
from pathlib import Path

import pytest

from tests.end_to_end.bed.bed import Bed
from tests.end_to_end.hosts.cloud_fleet import CloudFleet

KEPT_ON_PURPOSE = ("tokens", "credentials", "admin_token", "token")
"""Files that hold a secret because it has to be somewhere; only their owner reads them."""


@pytest.fixture
def secrets(bed: Bed, cloud: CloudFleet) -> dict[str, str]:
    """Bring one host up with everything recorded, and return all secrets there are by their names."""
    cloud.write("eu-west-1", run="{repeat: 2000, every: 1s}")
    up = cloud.run("up", "--detach", "--progress", "json")
    assert up.code == 0, up.err
    (cloud.folder / "up.out").write_text(up.out)
    (cloud.folder / "up.err").write_text(up.err)
    tokens = [path for path in (cloud.of_fleet / "tokens").iterdir() if path.suffix != ".told"]
    return {
        "the cloud's secret key": bed.secret,
        "the tester's token": tokens[0].read_text().strip(),
        "the admin token": (cloud.of_fleet / "collector" / "admin_token").read_text().strip(),
    }


def found(secrets: dict[str, str], text: bytes) -> list[str]:
    return [name for name, secret in secrets.items() if secret.encode() in text]


def test_no_secret_is_where_anybody_reads(bed: Bed, cloud: CloudFleet, secrets: dict[str, str]) -> None:
    container = _inspected(bed, cloud)
    down = cloud.run("down", "--progress", "json")
    assert down.code == 0, down.err

    assert all(len(secret) >= 20 for secret in secrets.values())
    assert found(secrets, json.dumps(bed.log()).encode()) == []
    assert found(secrets, (down.out + down.err).encode()) == []
    assert found(secrets, b"".join((cloud.folder / name).read_bytes() for name in ("up.out", "up.err"))) == []
    assert "NET_RAW" in container
    assert found(secrets, container.encode()) == []


def test_no_secret_is_in_the_state_but_in_its_own_file(cloud: CloudFleet, secrets: dict[str, str]) -> None:
    holding = {
        path: names
        for path in cloud.of_fleet.rglob("*")
        if path.is_file() and (names := found(secrets, path.read_bytes()))
    }
    down = cloud.run("down")
    assert down.code == 0, down.err

    relative = {path.relative_to(cloud.of_fleet): names for path, names in holding.items()}
    assert "machines" not in {path.parts[0] for path in relative}
    assert all(_is_kept_on_purpose(path) for path in relative), relative
    assert not (cloud.of_fleet / "credentials").exists()


def _is_kept_on_purpose(path: Path) -> bool:
    return any(part in KEPT_ON_PURPOSE for part in path.parts)


def _inspected(bed: Bed, cloud: CloudFleet) -> str:
    """Return what `docker inspect` on the host shows of our container."""
    (host,) = cloud.hosts()
    return bed.host(cloud.instance_of("eu-west-1")).run("docker", "inspect", str(host["name"]))
