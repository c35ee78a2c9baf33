import json
import stat
from pathlib import Path
from typing import Any

import pytest

from orchestrator.errors import ConfigurationError
from orchestrator.places.machine.note import MachineNote, MachineNotes
from orchestrator.places.machine.store import MachineStore


def put(
    store: MachineStore, name: str, *, version: int = 3, driver: str = "amazonec2", **fields: Any
) -> Path:
    directory = store.directory(name)
    directory.mkdir(parents=True)
    config = {"ConfigVersion": version, "DriverName": driver, "Driver": fields}
    (directory / "config.json").write_text(json.dumps(config))
    return directory


def test_a_store_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    store = MachineStore(tmp_path / "machines")
    assert store.names() == []
    store.prepare(program="docker-machine 0.16.2")
    store.prepare(program="docker-machine 0.16.2")
    assert stat.S_IMODE(store.root.stat().st_mode) == 0o700
    assert store.check_version() == "docker-machine 0.16.2"


@pytest.mark.parametrize(
    "note", ['{"v": 2, "program": "x"}', "rubbish", "{}", "[]", '{"v": "1", "program": 1}']
)
def test_a_store_of_another_version_is_refused_with_the_remedy(tmp_path: Path, note: str) -> None:
    (tmp_path / "store.json").write_text(note)
    with pytest.raises(ConfigurationError, match="written by another version") as caught:
        MachineStore(tmp_path).prepare(program="docker-machine 0.16.2")
    assert "orchestrate down" in caught.value.next_step
    assert (tmp_path / "store.json").read_text() == note


def test_a_machine_of_a_younger_docker_machine_is_refused(tmp_path: Path) -> None:
    store = MachineStore(tmp_path)
    put(store, "edge-1", version=4)
    with pytest.raises(ConfigurationError) as caught:
        store.prepare(program="docker-machine 0.16.2")
    assert caught.value.cause == "edge-1 has config version 4"


def test_what_a_machine_is_stands_in_its_config(tmp_path: Path) -> None:
    store = MachineStore(tmp_path)
    put(
        store,
        "edge-1",
        IPAddress="192.0.2.1",
        InstanceId="i-1",
        Region="mars",
        KeyName="edge-1",
        SSHPort=2022,
    )
    put(store, "edge-2", IPAddress="", InstanceId="", SSHPort=0)
    put(store, "edge-3", driver="digitalocean", DropletID=7)
    put(store, "edge-4", driver="digitalocean", DropletID=0)
    machines = [store.machine(name) for name in store.names()]
    assert [machine and machine.cloud_id for machine in machines] == ["i-1", "", "7", ""]
    assert machines[0] is not None
    assert (machines[0].region, machines[0].key_name, machines[0].ssh_port) == ("mars", "edge-1", 2022)
    assert store.machine("nobody") is None


def test_the_engine_is_where_the_config_says(tmp_path: Path) -> None:
    store = MachineStore(tmp_path)
    put(store, "v4", IPAddress="192.0.2.1")
    put(store, "v6", IPAddress="2001:db8::1")
    put(store, "other-port", driver="generic", IPAddress="192.0.2.2", EnginePort=2377)
    put(store, "none", driver="none", IPAddress="192.0.2.3:9", URL="tcp://192.0.2.3:9")
    put(store, "unfinished", IPAddress="")
    found = {name: address and address.url for name in store.names() for address in [store.engine(name)]}
    assert found == {
        "none": "tcp://192.0.2.3:9",
        "other-port": "tcp://192.0.2.2:2377",
        "unfinished": None,
        "v4": "tcp://192.0.2.1:2376",
        "v6": "tcp://[2001:db8::1]:2376",
    }


def test_a_machines_own_certificates_come_before_the_stores(tmp_path: Path) -> None:
    store = MachineStore(tmp_path)
    directory = put(store, "edge-1", IPAddress="192.0.2.1")
    assert store.tls("edge-1").ca == store.certificates / "ca.pem"
    for name in ("ca.pem", "cert.pem", "key.pem"):
        (directory / name).write_text("x")
    assert store.tls("edge-1").key == directory / "key.pem"


@pytest.mark.parametrize("content", [None, "", '{"ConfigVersion": 3, "Dri'])
def test_a_config_that_was_being_written_anew_is_put_back(tmp_path: Path, content: str | None) -> None:
    store = MachineStore(tmp_path)
    directory = put(store, "edge-1", InstanceId="i-1")
    (directory / "config.json").rename(directory / "config.json.tmp123")
    if content is not None:
        (directory / "config.json").write_text(content)
    assert store.machine("edge-1") is None
    store.mend("edge-1")
    machine = store.machine("edge-1")
    assert machine is not None
    assert machine.cloud_id == "i-1"


def test_a_whole_config_is_not_replaced_by_a_draft(tmp_path: Path) -> None:
    store = MachineStore(tmp_path)
    directory = put(store, "edge-1", InstanceId="i-1")
    (directory / "config.json.tmp1").write_text('{"Driver": {}}')
    store.mend("edge-1")
    store.mend("nobody")
    machine = store.machine("edge-1")
    assert machine is not None
    assert machine.cloud_id == "i-1"


def test_a_note_keeps_driver_and_region_for_a_removal_without_a_fleet(tmp_path: Path) -> None:
    notes = MachineNotes(tmp_path)
    assert notes.read("edge-1") is None
    notes.write("edge-1", MachineNote(driver="amazonec2", region="mars"))
    assert notes.read("edge-1") == MachineNote(driver="amazonec2", region="mars")
    notes.forget("edge-1")
    notes.forget("edge-1")
    assert notes.read("edge-1") is None


def test_what_was_printed_is_kept_call_by_call(tmp_path: Path) -> None:
    notes = MachineNotes(tmp_path)
    assert notes.said("edge-1", "create") == ""
    for verb, text in (("create", "first"), ("rm", "gone"), ("create", "second"), ("rm", "gone again")):
        with notes.head("edge-1", verb).open("a") as log:
            log.write(f"{text}\n")
    assert notes.said("edge-1", "create") == "second"
    assert notes.said("edge-1", "rm") == "gone again\n"
    assert stat.S_IMODE(notes.log("edge-1").stat().st_mode) == 0o600
