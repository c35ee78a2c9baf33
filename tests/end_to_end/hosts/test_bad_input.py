"""What people get wrong with docker-machine and its hosts: told before anything is created."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.end_to_end.bed.bed import Bed
from tests.end_to_end.bed.lacking import Lacking, docker_machine
from tests.end_to_end.hosts.cloud_fleet import CloudFleet, Ended

REGION = "eu-west-1"
FLEET = """
version: 1
name: {name}
defaults: {{probe: {{count: 2}}}}
testers: [{testers}]
servers: [{{name: near, host: 127.0.0.1}}]
run: once
"""
AMAZON = (
    "{name: dublin, driver: amazonec2, location: {region: eu-west-1}, options: {amazonec2-region: eu-west-1}}"
)
NO_CLOUD = {
    "AWS_ACCESS_KEY_ID": "AKIAAAAAAAAAAAAAAAAA",
    "AWS_SECRET_ACCESS_KEY": "secret",
    # Nobody listens there: whatever asks the cloud stays on this machine.
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_MAX_ATTEMPTS": "1",
    "ORCHESTRATE_ADDRESS": "127.0.0.1",
}


def orchestrate(
    folder: Path, *arguments: str, testers: str = AMAZON, program: str, name: str = "mill"
) -> Ended:
    """Run `orchestrate` where there is no cloud, with a program that is taken for docker-machine."""
    (folder / "fleet.yaml").write_text(FLEET.format(testers=testers, name=name))
    kept = {key: os.environ[key] for key in ("PATH", "LANG") if key in os.environ}
    done = subprocess.run(
        [sys.executable, "-m", "orchestrator", *arguments],
        cwd=folder,
        env=kept
        | NO_CLOUD
        | {
            "HOME": str(folder),
            "ORCHESTRATE_STATE_DIR": str(folder / "state"),
            "ORCHESTRATE_DOCKER_MACHINE": program,
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return Ended(code=done.returncode, out=done.stdout, err=done.stderr)


def assert_refused(
    folder: Path, *texts: str, testers: str = AMAZON, program: str, name: str = "mill"
) -> None:
    """Assert that `check` and `up` refuse with exit 2 and these words, and that nothing was begun."""
    for command in ("check", "up"):
        ended = orchestrate(folder, command, testers=testers, program=program, name=name)
        assert ended.code == 2, ended.err
        for text in texts:
            assert text in ended.err + ended.out
        assert not list((folder / "state").glob("*/journal.sqlite3"))


@pytest.fixture
def real() -> str:
    """The real docker-machine."""
    try:
        return str(docker_machine())
    except Lacking as lacking:
        pytest.skip(str(lacking))


def a_program(folder: Path, says: str) -> str:
    """Write a program that says one thing, whatever it is asked."""
    path = folder / "docker-machine"
    path.write_text(f"#!/bin/sh\necho '{says}'\n")
    path.chmod(0o755)
    return str(path)


def test_no_docker_machine_is_told_with_the_remedy(tmp_path: Path) -> None:
    program = str(tmp_path / "nowhere" / "docker-machine")
    remedy = "install docker-machine, or name it by ORCHESTRATE_DOCKER_MACHINE"
    assert_refused(tmp_path, "docker-machine is not there", remedy, program=program)


def test_a_docker_machine_before_0_16_0_is_refused(tmp_path: Path) -> None:
    program = a_program(tmp_path, "docker-machine version 0.15.0, build b48dc28d")
    assert_refused(tmp_path, "is docker-machine 0.15.0", "it must be 0.16.0 or newer", program=program)


@pytest.mark.parametrize(
    "says", ["Docker version 24.0.5, build ced0996", "hello", "docker-machine version 0.16.2, build bd45ab13"]
)
def test_a_program_that_is_no_docker_machine_is_refused(tmp_path: Path, says: str) -> None:
    assert_refused(tmp_path, "is not a docker-machine", program=a_program(tmp_path, says))


def test_a_driver_that_does_not_exist_is_told(tmp_path: Path, real: str) -> None:
    testers = "{name: far, driver: zzyzx, location: {region: north}}"
    remedy = "install docker-machine-driver-zzyzx on PATH, or mend the driver's name"
    assert_refused(tmp_path, "docker-machine has no driver 'zzyzx'", remedy, testers=testers, program=real)


def test_an_option_that_the_driver_does_not_know_is_told_with_the_nearest(tmp_path: Path, real: str) -> None:
    testers = AMAZON.replace("amazonec2-region: eu", "amazonec2-instance-typ: t3.micro, amazonec2-region: eu")
    assert_refused(
        tmp_path,
        "driver amazonec2 has no option `amazonec2-instance-typ`",
        "did you mean `amazonec2-instance-type`",
        testers=testers,
        program=real,
    )


def test_names_that_are_too_long_for_a_host_are_cut_and_not_refused(tmp_path: Path, real: str) -> None:
    testers = AMAZON.replace("dublin", "d" * 63)
    ended = orchestrate(tmp_path, "check", "--offline", testers=testers, program=real, name="m" * 40)

    assert ended.code == 0, ended.err
    assert "nothing to refuse" in ended.err


def test_a_name_that_is_taken_is_told(tmp_path: Path, real: str) -> None:
    assert_refused(tmp_path, "dublin", testers=f"{AMAZON}, {AMAZON}", program=real)


@pytest.mark.parametrize("note", ['{"v": 2, "program": "docker-machine 1.0"}', "not json"])
def test_a_store_that_another_version_wrote_is_refused(tmp_path: Path, real: str, note: str) -> None:
    store = tmp_path / "state" / "mill" / "machines"
    store.mkdir(parents=True)
    (store / "store.json").write_text(note)
    assert_refused(tmp_path, "another version", str(store), program=real)
    assert (store / "store.json").read_text() == note


def test_nothing_is_created_when_check_fails(bed: Bed, cloud: CloudFleet) -> None:
    before = len(bed.log())
    path = cloud.write(REGION)
    path.write_text(path.read_text().replace("amazonec2-region", "amazonec2-regoin"))

    up = cloud.run("up")

    assert up.code == 2, up.err
    assert "did you mean `amazonec2-region`" in up.err
    assert [event for event in bed.log()[before:] if "call" in event] == []
    assert cloud.stored() == []
    assert not (cloud.of_fleet / "journal.sqlite3").exists()


def test_a_dockerfile_that_fails_is_shown_with_its_own_output_and_mended(bed: Bed, cloud: CloudFleet) -> None:
    context = cloud.folder / "context"
    context.mkdir()
    (context / "Dockerfile").write_text(
        "FROM base:bookworm\nRUN echo the build says this && echo and this >&2 && exit 7\n"
    )
    cloud.environment["ORCHESTRATE_CREATE_ATTEMPTS"] = "1"
    path = cloud.write(REGION)
    ours = path.read_text()
    path.write_text(ours.replace("image: {args:", "image: {build: context, args:"))

    up = cloud.run("up")

    assert up.code == 1, up.err
    assert "the build says this" in up.err
    assert "and this" in up.err
    assert set(cloud.run_states()[REGION]) == {"abandoned"}
    path.write_text(ours)
    again = cloud.run("up", "--again")
    assert again.code == 0, again.err
    assert cloud.run("down").code == 0
    assert cloud.stored() == []
    assert bed.left() == {}


def test_bundles_of_authorities_for_other_programs_do_not_matter(bed: Bed, cloud: CloudFleet) -> None:
    rubbish = cloud.folder / "rubbish.pem"
    rubbish.write_text("no certificate")
    cloud.environment |= {"REQUESTS_CA_BUNDLE": str(rubbish), "CURL_CA_BUNDLE": "/nonexistent.pem"}
    cloud.write(REGION)

    check = cloud.run("check")
    up = cloud.run("up")

    assert check.code == 0, check.err
    assert "REQUESTS_CA_BUNDLE is set: it is kept from Docker's connections" in check.err + check.out
    assert up.code == 0, up.err
    assert cloud.run_states() == {REGION: ["complete", "complete"]}
    assert cloud.run("down").code == 0
    assert bed.left() == {}


def test_a_machine_of_another_version_is_not_touched_by_down(bed: Bed, cloud: CloudFleet) -> None:
    cloud.write(REGION)
    assert cloud.run("up").code == 0
    (name,) = cloud.stored()
    path = cloud.of_fleet / "machines" / "machines" / name / "config.json"
    ours = path.read_text()
    path.write_text(json.dumps(json.loads(ours) | {"ConfigVersion": 4}))

    up = cloud.run("up", "--again")
    assert up.code == 2, up.err
    assert f"{name} has config version 4" in up.err

    path.write_text(ours)
    assert cloud.run("down").code == 0
    assert bed.left() == {}
