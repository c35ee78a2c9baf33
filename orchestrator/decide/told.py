"""What a tester is told, as a digest to compare."""

import hashlib
import json
from collections.abc import Mapping

from orchestrator.decide.peers import has_peers, peers_of
from orchestrator.fleet.drivers import LOCAL
from orchestrator.fleet.model import Fleet, Probe, Tester


def digest_of_job(*, fleet: Fleet, tester: Tester, addresses: Mapping[str, str] | None = None) -> str:
    """Return the digest of what `tester` is told, without the sweep, as `<settings>-<servers>`.

    The halves are compared apart: a tester takes other servers from its job before its next run,
    anything else needs it to be started again. Where testers measure each other, `<peers>` follows:
    what the known `addresses` make of them.
    """
    digest = f"{_digest_of_settings(fleet, tester)}-{_digest_of_servers(fleet)}"
    return digest + _digest_of_peers(fleet, tester, addresses)


def digests_of_jobs(fleet: Fleet, *, addresses: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return `digest_of_job` of every tester, by name."""
    servers = _digest_of_servers(fleet)
    settings: dict[tuple[Probe, bool], str] = {}
    digests: dict[str, str] = {}
    for tester in fleet.testers:
        kind = tester.probe, tester.driver == LOCAL
        if kind not in settings:
            settings[kind] = _digest_of_settings(fleet, tester)
        digests[tester.name] = f"{settings[kind]}-{servers}{_digest_of_peers(fleet, tester, addresses)}"
    return digests


def is_told(told: str, digest: str) -> bool:
    """Return whether a tester was told what `digest` says, peers left out where it says nothing of them."""
    parts = digest.split("-")
    return told.split("-")[: len(parts)] == parts


def settings_differ(one: str, other: str) -> bool:
    """Return whether two digests differ in more than their servers."""
    return one.partition("-")[0] != other.partition("-")[0]


def _digest_of_settings(fleet: Fleet, tester: Tester) -> str:
    run, collector = fleet.run, fleet.collector
    settings: dict[str, object] = {
        "probe": tester.probe.to_wire().to_dict(),
        "run": [run.repeat, run.every_s, run.jitter_s],
        "collector": [collector.url, collector.port, collector.insecure],
    }
    if tester.driver != LOCAL:
        settings["delivery"] = fleet.delivery
        settings["image"] = fleet.image.model_dump()
    return _digest(settings)


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
