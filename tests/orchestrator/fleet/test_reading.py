"""Fleet files that are right."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from orchestrator.errors import FleetFileError
from orchestrator.fleet.file import read_fleet
from orchestrator.fleet.model import Fleet, SecretRef

ROOT = Path(__file__).parents[3]


def read(text: str, *, profile: str | None = None, environment: Mapping[str, str] | None = None) -> Fleet:
    return read_fleet(None, text=text, environment=environment or {}, profile=profile)


def names(fleet: Fleet) -> list[str]:
    return [tester.name for tester in fleet.testers]


def test_the_shipped_file_runs_on_this_machine() -> None:
    fleet = read_fleet(ROOT / "fleet.yaml", environment={})

    assert fleet.testers_by_driver() == {"local": ("desk", "shelf")}
    assert {server.host for server in fleet.servers} == {"127.0.0.1", "::1", "127.0.0.2", "127.1.2.3"}
    assert (fleet.run.repeat, fleet.run.every_s) == (2, 2.0)


def test_the_shipped_file_has_a_profile_for_three_regions() -> None:
    fleet = read_fleet(ROOT / "fleet.yaml", environment={}, profile="ec2")

    assert fleet.testers_by_driver() == {"amazonec2": ("virginia", "frankfurt", "tokyo")}
    assert {tester.region for tester in fleet.testers} == {"us-east-1", "eu-central-1", "ap-northeast-1"}
    assert all(tester.options["amazonec2-instance-type"] == "t3.micro" for tester in fleet.testers)


@pytest.mark.parametrize(
    ("written", "region"),
    [("NO", "NO"), ("yes", "yes"), ("12:30", "12:30"), ("on", "on"), ('"7"', "7"), ("1_000", "1_000")],
)
def test_scalars_that_yaml_1_1_would_bend_stay_texts(written: str, region: str) -> None:
    assert (
        read(f"name: x\ntesters: [{{name: a, location: {{region: {written}}}}}]").testers[0].region == region
    )


@pytest.mark.parametrize(("written", "count"), [("010", 10), ("0o10", 8), ("0x10", 16), ("+3", 3)])
def test_numbers_follow_yaml_1_2(written: str, count: int) -> None:
    assert (
        read(f"name: x\ntesters: [{{name: a, probe: {{count: {written}}}}}]").testers[0].probe.count == count
    )


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("0.2s", 0.2), ("200ms", 0.2), ("5m", 300.0), ("90m", 5_400.0), ("2h", 7_200.0), ("1d", 86_400.0)],
)
def test_durations_have_units(written: str, seconds: float) -> None:
    assert read(f"name: x\nrun: {{repeat: 2, every: {written}}}").run.every_s == seconds


@pytest.mark.parametrize(("written", "repeat"), [("once", 1), ("forever", None), ("{repeat: forever}", None)])
def test_a_run_has_words(written: str, repeat: int | None) -> None:
    assert read(f"name: x\nrun: {written}").run.repeat == repeat


def test_variables_are_put_in_after_parsing_and_then_typed() -> None:
    fleet = read(
        """
name: x
run: {repeat: "${N}", every: '${EVERY:-1s}'}
limits:
  concurrency: ${N}
servers:
  - {name: a$$b, host: "${H}"}
  - name: ${H}
    host: h
""",
        environment={"N": "3", "H": "127.0.0.1", "EVERY": ""},
    )

    assert (fleet.run.repeat, fleet.run.every_s, fleet.limits.concurrency) == (3, 1.0, 3)
    assert [(server.name, server.host) for server in fleet.servers] == [
        ("a$b", "127.0.0.1"),
        ("127.0.0.1", "h"),
    ]


def test_a_variable_cannot_bring_yaml_in() -> None:
    text = "name: x\nservers:\n  - {name: a, host: b, group: '${G}'}"

    assert read(text, environment={"G": "c}, {name: d"}).servers[0].group == "c}, {name: d"


def test_a_variable_that_only_an_unused_profile_needs_may_be_unset() -> None:
    text = "name: x\nprofiles:\n  p: {collector: {url: '${NOPE}'}, limits: {concurrency: '${NOPE}'}}"

    assert read(text).collector.url is None
    with pytest.raises(FleetFileError, match="variable `NOPE` is not set"):
        read(text, profile="p")


def test_templates_merge_deeply_and_later_ones_win() -> None:
    [tester] = read(
        """
name: x
templates:
  ground: {spot: true, options: {a: 1, b: 1, c: 1}}
  aws: {use: ground, driver: amazonec2, options: {b: 2, c: 2}}
defaults: {probe: {count: 7, size: 8}, options: {z: 0, a: 0}}
testers:
  - {name: t, use: [aws], options: {c: 3}, probe: {size: 9}}
"""
    ).testers

    assert tester.options == {"z": 0, "a": 1, "b": 2, "c": 3}
    assert (tester.driver, tester.spot, tester.probe.count, tester.probe.size) == ("amazonec2", True, 7, 9)


def test_options_keep_what_numbers_would_lose() -> None:
    [tester] = read(
        "name: x\ntesters: [{name: a, options: {id: 007, v: 1.10, n: 22, f: true, t: 'true'}}]"
    ).testers

    assert tester.options == {"id": "007", "v": "1.10", "n": 22, "f": True, "t": "true"}


def test_count_and_regions_make_several_testers() -> None:
    fleet = read(
        "name: x\ntesters:\n  - {name: tokyo, count: 2}\n"
        "  - {name: eu, driver: amazonec2, regions: [w, n], count: 1}\n"
    )

    assert names(fleet) == ["tokyo-1", "tokyo-2", "eu-w-1", "eu-n-1"]
    assert [tester.region for tester in fleet.testers] == ["tokyo-1", "tokyo-2", "w", "n"]
    assert fleet.testers[2].options == {"amazonec2-region": "w"}


def test_all_regions_stay_for_the_account_to_say() -> None:
    assert read("name: x\ntesters: [{name: a, regions: all}]").testers_of_all_regions() == ("a",)


def test_a_profile_selects_by_name_and_merges() -> None:
    text = """
name: x
testers: [{name: a, count: 2}, {name: b, probe: {count: 9}}, {name: c}]
servers: [{name: s, host: h}, {name: t, host: h}]
run: {repeat: 5, every: 5m}
profiles:
  smoke: {testers: [b, a-2], servers: [t], probe: {count: 3}, run: {repeat: 1}}
  other: {testers: [{name: z, driver: amazonec2}]}
"""
    smoke, other = read(text, profile="smoke"), read(text, profile="other")

    assert names(smoke) == ["a-2", "b"]
    assert [server.name for server in smoke.servers] == ["t"]
    assert {tester.probe.count for tester in smoke.testers} == {3}
    assert (smoke.run.repeat, smoke.run.every_s) == (1, 300.0)
    assert names(other) == ["z"]


def test_includes_add_lists_up_and_merge_mappings(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "fleet.yaml").write_text(
        "name: x\ninclude: [./d/*.yaml, ./none/*.yaml]\ntesters: [{name: a}]\nlimits: {concurrency: 3}\n"
    )
    (tmp_path / "d" / "1.yaml").write_text(
        "include: ../deeper.yaml\ntesters: [{name: b}]\nlimits: {concurrency: 9, ttl: 1h}\n"
    )
    (tmp_path / "d" / "2.yaml").write_text("# nothing yet\n")
    (tmp_path / "deeper.yaml").write_text("testers: [{name: c}]\nservers: [{name: s, host: h}]\n")

    fleet = read_fleet(tmp_path / "fleet.yaml", environment={})

    assert names(fleet) == ["a", "b", "c"]
    assert [server.name for server in fleet.servers] == ["s"]
    assert (fleet.limits.concurrency, fleet.limits.ttl_s) == (3, 3_600.0)


def test_a_file_that_two_others_include_counts_once(tmp_path: Path) -> None:
    (tmp_path / "fleet.yaml").write_text("name: x\ninclude: [one.yaml, two.yaml, '*.yaml']\n")
    (tmp_path / "one.yaml").write_text("include: shared.yaml\n")
    (tmp_path / "two.yaml").write_text("include: shared.yaml\n")
    (tmp_path / "shared.yaml").write_text("testers: [{name: a}]\n")

    assert names(read_fleet(tmp_path / "fleet.yaml", environment={})) == ["a"]


def test_a_local_file_beside_it_is_merged_over(tmp_path: Path) -> None:
    (tmp_path / "fleet.yaml").write_text(
        "name: x\ntesters: [{name: a, options: {p: 1, q: 1}}]\ncollector: {admin_token: {file: f}}\n"
    )
    (tmp_path / "fleet.local.yaml").write_text(
        "testers: [{name: a, options: {q: 2}}, {name: b}]\ncollector: {admin_token: {env: E}}\n"
    )

    fleet = read_fleet(tmp_path / "fleet.yaml", environment={})

    assert names(fleet) == ["a", "b"]
    assert fleet.testers[0].options == {"p": 1, "q": 2}
    assert fleet.collector.admin_token == SecretRef(env="E")
    assert fleet.source.endswith("fleet.yaml with fleet.local.yaml")


def test_a_missing_file_is_told_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    with pytest.raises(FleetFileError) as caught:
        read_fleet(Path("fleet.yaml"), environment={})
    assert str(caught.value) == "fleet.yaml: no such file; name one, or pass `-` and the file on stdin"

    (tmp_path / "fleet.yaml").mkdir()
    with pytest.raises(FleetFileError) as caught:
        read_fleet(Path("fleet.yaml"), environment={})
    assert str(caught.value) == "fleet.yaml: is a folder, not a file"


def test_aliases_of_aliases_do_not_fill_the_memory() -> None:
    lines = ["name: x", "a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]

    with pytest.raises(FleetFileError, match=r"^stdin: more than 1000000 values$"):
        read("\n".join(lines))


def test_nesting_without_an_end_is_refused() -> None:
    with pytest.raises(FleetFileError, match="too many levels"):
        read("name: " + "[" * 100_000)


def test_a_byte_order_mark_is_no_part_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "fleet.yaml").write_bytes(b"\xef\xbb\xbfname: x\n")

    assert read_fleet(tmp_path / "fleet.yaml", environment={}).name == "x"
