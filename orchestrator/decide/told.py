"""What a tester is told, as a digest to compare."""

import hashlib
import json
from collections.abc import Mapping

from orchestrator.decide.peers import has_peers, peers_of
from orchestrator.fleet.drivers import LOCAL
from orchestrator.fleet.model import Fleet, Probe, Tester

IMAGE = "."
"""Stands between what a tester is told and what its container is made from."""


def digest_of_job(
    *, fleet: Fleet, tester: Tester, addresses: Mapping[str, str] | None = None, image: str = ""
) -> str:
    """Return the digest of what `tester` is told, without the sweep, as `<settings>-<servers>`.

    The halves are compared apart: a tester takes other servers from its job before its next run,
    anything else needs it to be started again. Where testers measure each other, `<peers>` follows:
    what the known `addresses` make of them. The settings of a container end with a part for its `image`,
    by our name for it; empty: nobody has looked.
    """
    settings = _digest_of_settings(fleet, tester) + _digest_of_image(tester, image)
    return f"{settings}-{_digest_of_servers(fleet)}{_digest_of_peers(fleet, tester, addresses)}"


def digests_of_jobs(
    fleet: Fleet, *, addresses: Mapping[str, str] | None = None, image: str = ""
) -> dict[str, str]:
    """Return `digest_of_job` of every tester, by name."""
    servers = _digest_of_servers(fleet)
    settings: dict[tuple[Probe, bool], str] = {}
    digests: dict[str, str] = {}
    for tester in fleet.testers:
        kind = tester.probe, tester.driver == LOCAL
        if kind not in settings:
            settings[kind] = _digest_of_settings(fleet, tester) + _digest_of_image(tester, image)
        digests[tester.name] = f"{settings[kind]}-{servers}{_digest_of_peers(fleet, tester, addresses)}"
    return digests


def is_told(told: str, digest: str) -> bool:
    """Return whether a tester was told what `digest` says, peers left out where it says nothing of them.

    Images are of no account here.
    """
    parts = digest.split("-")
    return told.split("-")[1 : len(parts)] == parts[1:] and not settings_differ(told, digest)


def settings_differ(one: str, other: str) -> bool:
    """Return whether two digests differ in more than their servers and images."""
    return _settings_and_image(one)[0] != _settings_and_image(other)[0]


def image_differs(told: str, digest: str) -> bool:
    """Return whether a container is made from another image than it would be now, where that is known."""
    former, now = _settings_and_image(told)[1], _settings_and_image(digest)[1]
    return bool(former and now) and former != now


def with_image_of(told: str, digest: str) -> str:
    """Return `digest` for a tester that is told anew in the container that it has."""
    settings, _ = _settings_and_image(digest)
    image = _settings_and_image(told)[1]
    _, hyphen, rest = digest.partition("-")
    return f"{settings}{IMAGE + image if image else ''}{hyphen}{rest}"


def _settings_and_image(digest: str) -> tuple[str, str]:
    settings, _, image = digest.partition("-")[0].partition(IMAGE)
    return settings, image


def _digest_of_settings(fleet: Fleet, tester: Tester) -> str:
    run, collector = fleet.run, fleet.collector
    settings: dict[str, object] = {
        "probe": tester.probe.to_wire().to_dict(),
        "run": [run.repeat, run.every_s, run.jitter_s],
        "collector": [collector.url, collector.port, collector.insecure],
    }
    if tester.driver != LOCAL:
        settings["delivery"] = fleet.delivery
    return _digest(settings)


def _digest_of_image(tester: Tester, image: str) -> str:
    """Return the part for what a container is made from, empty for a tester that is none."""
    return "" if not image or tester.driver == LOCAL else IMAGE + _digest(image)


def _digest_of_servers(fleet: Fleet) -> str:
    # The order of servers in the fleet is of no account.
    return _digest(
        sorted(
            [server.name, server.group, server.host or "", server.from_testers] for server in fleet.servers
        )
    )


def _digest_of_peers(fleet: Fleet, tester: Tester, addresses: Mapping[str, str] | None) -> str:
    """Return the third part of a digest, empty where testers do not measure each other."""
    if addresses is None or not has_peers(fleet):
        return ""
    peers = peers_of(fleet, tester, addresses=addresses)
    return "-" + _digest(sorted([peer.name, peer.group, peer.host] for peer in peers))


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()[:16]
