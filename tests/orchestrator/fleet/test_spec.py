"""A fleet as JSON, and back."""

import json
from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.errors import FleetFileError
from orchestrator.fleet.file import read_fleet
from orchestrator.fleet.model import (
    CollectorAccess,
    Fleet,
    Image,
    Limits,
    Location,
    Probe,
    Run,
    Schedule,
    SecretRef,
    Server,
    Tester,
)
from orchestrator.fleet.quantities import duration_text, money_text, seconds_of, usd_of
from orchestrator.fleet.references import escaped, interpolated
from wire.job import ProbePlan

texts = st.text(st.characters(exclude_categories=["C"]) | st.sampled_from("${}:-"), max_size=20)
names = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,20}", fullmatch=True)
seconds = st.floats(0, 86_400, allow_nan=False)
locations = st.none() | st.builds(
    Location,
    region=st.none() | texts,
    lat=st.just(59.9),
    lon=st.floats(-180, 180).map(lambda degrees: degrees + 0.0),
)
scalars = texts | st.integers(-1_000, 1_000) | st.booleans()
testers = st.builds(
    Tester,
    name=names,
    driver=st.sampled_from(["local", "docker", "amazonec2", "generic"]),
    location=locations,
    options=st.dictionaries(texts, scalars | st.lists(scalars, max_size=3).map(tuple), max_size=3),
    spot=st.booleans(),
    probe=st.builds(
        Probe,
        count=st.integers(1, 100),
        interval_s=st.floats(0, 3_600),
        timeout_s=st.floats(0.001, 300),
        ip=st.sampled_from(["4", "6", "both"]),
        dscp=st.integers(0, 63),
    ),
    provider=st.none() | texts,
    regions=st.sampled_from([None, "all"]),
)
servers = st.builds(
    Server, name=texts.filter(bool), group=texts, host=st.just("a.example"), location=locations
) | st.builds(Server, name=texts.filter(bool), group=texts, from_testers=st.just(True))
tokens = st.none() | st.builds(SecretRef, file=texts) | st.builds(SecretRef, env=texts)
fleets = st.builds(
    Fleet,
    name=names,
    testers=st.lists(testers, max_size=3).map(tuple),
    servers=st.lists(servers, max_size=3).map(tuple),
    run=st.builds(Run, repeat=st.none() | st.integers(1, 99), every_s=seconds, jitter_s=seconds),
    collector=st.builds(
        CollectorAccess,
        url=st.none() | texts.map(lambda text: f"https://{text}"),
        port=st.integers(1, 65_535),
        admin_token=tokens,
        reader_token=tokens,
        insecure=st.booleans(),
    ),
    image=st.builds(Image, build=st.none() | texts, args=st.dictionaries(texts, texts, max_size=2)),
    delivery=st.sampled_from(["auto", "push", "pull"]),
    schedule=st.lists(
        st.builds(
            Schedule,
            name=names,
            cron=st.just("*/5 * * * *"),
            testers=st.just("all") | st.lists(names, max_size=2).map(tuple),
        ),
        max_size=2,
    ).map(tuple),
    limits=st.builds(
        Limits,
        deadline_s=st.floats(1, 86_400),
        budget_usd=st.none() | st.floats(0, 1_000),
        prices=st.dictionaries(texts, st.floats(0, 10), max_size=2),
    ),
)

WITH_SECRETS = """
name: x
testers:
  - name: a
    driver: generic
    options: {key: "pre-${SECRET}", tags: [plain, "${SECRET}"], flag: "${FLAG}", price: 5$$, port: 022}
collector:
  url: https://${HOST:-collector.example.net}:9090
  port: ${PORT}
  admin_token: {file: "${HOME_DIR}/token"}
"""
SECRETS = {"SECRET": "hunter2", "FLAG": "true", "PORT": "9191", "HOME_DIR": "/home/hunter2"}


def again(fleet: Fleet, environment: dict[str, str]) -> Fleet:
    spec = json.loads(json.dumps(fleet.to_spec()))
    return Fleet.from_spec(spec, environment, source=fleet.source, directory=fleet.directory)


@given(fleet=fleets)
def test_a_fleet_comes_back_from_its_spec(fleet: Fleet) -> None:
    assert again(fleet, {}) == fleet


@given(fleet=fleets)
def test_a_spec_is_a_fleet_file(fleet: Fleet) -> None:
    text = json.dumps(fleet.to_spec(), ensure_ascii=True)
    unique = {tester.name: tester for tester in fleet.testers}
    if len(unique) < len(fleet.testers) or len({s.name for s in fleet.servers}) < len(fleet.servers):
        return
    if any(isinstance(entry.testers, tuple) for entry in fleet.schedule):
        return
    if len({entry.name for entry in fleet.schedule}) < len(fleet.schedule):
        return

    read = read_fleet(None, text=text, environment={})

    assert read.to_spec() == fleet.to_spec()


def test_values_of_variables_stay_here() -> None:
    fleet = read_fleet(None, text=WITH_SECRETS, environment=SECRETS)

    assert fleet.testers[0].options == {
        "key": "pre-hunter2",
        "tags": ("plain", "hunter2"),
        "flag": True,
        "price": "5$",
        "port": "022",
    }
    assert (fleet.collector.url, fleet.collector.port) == ("https://collector.example.net:9090", 9191)
    assert "hunter2" not in json.dumps(fleet.to_spec())
    assert "hunter2" not in repr(fleet.testers)
    assert fleet.testers[0].to_spec() == fleet.to_spec()["testers"][0]
    assert fleet.to_spec()["testers"][0]["options"]["key"] == "pre-${SECRET}"


def test_a_fleet_with_variables_comes_back_in_the_same_environment() -> None:
    fleet = read_fleet(None, text=WITH_SECRETS, environment=SECRETS)

    assert again(fleet, SECRETS) == fleet


def test_a_spec_whose_variable_is_not_set_is_refused() -> None:
    spec = {"name": "x", "testers": [{"name": "a", "options": {"k": "${NOPE}"}}]}

    with pytest.raises(FleetFileError) as caught:
        Fleet.from_spec(spec, {}, source="testers table at http://127.0.0.1:9090")

    assert str(caught.value) == (
        "testers table at http://127.0.0.1:9090: variable `NOPE` is not set;"
        " set it, or write `${NOPE:-default}`"
    )


def test_a_wrong_spec_is_told_by_its_path() -> None:
    with pytest.raises(FleetFileError) as caught:
        Fleet.from_spec({"name": "x", "testers": [{"name": "a", "probe": {"cuont": 1}}]}, {}, source="table")

    assert str(caught.value) == "table: testers[0].probe.cuont: unknown key `cuont`; did you mean `count`?"


@pytest.mark.parametrize("spec", [{}, {"name": "x", "testers": 3}, {"name": "x", "testers": [3]}])
def test_rubbish_is_refused_and_no_crash(spec: dict[str, object]) -> None:
    with pytest.raises(FleetFileError):
        Fleet.from_spec(spec, {}, source="table")


@given(number=seconds)
def test_durations_come_back_from_their_text(number: float) -> None:
    assert seconds_of(duration_text(number)) == number


@given(number=st.floats(0, 1e9))
def test_money_comes_back_from_its_text(number: float) -> None:
    assert usd_of(money_text(number)) == number


@given(text=texts)
def test_an_escaped_text_comes_back(text: str) -> None:
    assert interpolated(escaped(text), {}) == text


def test_a_probe_is_what_testers_are_told() -> None:
    assert asdict(Probe(count=3, size=9).to_wire()) == asdict(ProbePlan(count=3, size_bytes=9))
