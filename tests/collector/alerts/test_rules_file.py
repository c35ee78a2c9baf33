"""What a file of rules may say, and what is said of each that is wrong."""

import pickle
from pathlib import Path

import pytest

from collector.alerts.file import read_rules
from collector.alerts.rules import Command, Finding, Format, Rule, Webhook
from collector.commands.serve import serve
from collector.errors import AlertsFileError, ConfigurationError
from collector.verdicts.verdict import Scope
from tests.collector.test_commands import run

GOOD = """\
version: 1
receivers:
  - name: ops
    webhook: {url: "${OPS_WEBHOOK}", timeout: 5s}
  - name: data
    webhook: {url_file: hook, format: json, insecure: true}
  - name: pager
    command: {run: [/bin/cat, -n], timeout: 2m}
rules:
  - name: regions
    to: ops
  - name: everything
    when: [slow, lossy, lost, tester_bad, sweep_failed, sweep_partial, recovered]
    rounds: 2 of 3
    scopes: [region, fleet]
    fleets: ["edge-*"]
    names: [eu-*, us-east-1]
    to: [data, pager]
  - name: ends
    when: recovered
    rounds: "3"
    to: [pager]
"""
ENVIRONMENT = {"OPS_WEBHOOK": "https://hooks.example.com/services/s3cr3t"}


def written(directory: Path, text: str) -> Path:
    (directory / "hook").write_text("http://alerts.internal:8080/in\n")
    path = directory / "alerts.yaml"
    path.write_text(text)
    return path


def test_a_file_says_who_is_told_of_what(tmp_path: Path) -> None:
    rules = read_rules(written(tmp_path, GOOD), ENVIRONMENT)

    assert [(one.name, one.by) for one in rules.receivers] == [
        ("ops", Webhook(url=ENVIRONMENT["OPS_WEBHOOK"], timeout_s=5.0)),
        ("data", Webhook(url="http://alerts.internal:8080/in", format=Format.JSON)),
        ("pager", Command(run=("/bin/cat", "-n"), timeout_s=120.0)),
    ]
    first, second, third = rules.rules
    assert first == Rule(
        name="regions",
        findings=(Finding.SLOW, Finding.LOSSY),
        tells_bad=True,
        tells_recovered=True,
        to=("ops",),
    )
    assert (second.findings, second.needed, second.of) == (tuple(Finding), 2, 3)
    assert (second.scopes, second.fleets, second.names) == (
        (Scope.REGION, Scope.FLEET),
        ("edge-*",),
        ("eu-*", "us-east-1"),
    )
    assert second.is_about(scope="region", names=("eu-west-1",))
    assert not second.is_about(scope="region", names=("ap-east-1", None))
    assert not second.is_about(scope="path", names=("eu-west-1",))
    assert (third.tells_bad, third.tells_recovered, third.needed, third.of) == (False, True, 3, 3)
    assert (third.findings, third.to) == ((Finding.SLOW, Finding.LOSSY, Finding.LOST), ("pager",))


HEAD = "version: 1\nreceivers: [{name: ops, command: {run: [/bin/cat]}}]\n"
RULE = "rules: [{name: r, to: ops}]\n"


def a_webhook(text: str) -> str:
    return f"version: 1\nreceivers:\n  - name: ops\n    webhook: {text}\n{RULE}"


WRONG = {
    "": "1:1: the file is empty; docs/alerts.md has an example",
    "[]": "1:1: the file must be a mapping",
    "version: 1\nrules: [": "2:9: expected the node content, but found '<stream end>'",
    "version: 2\nreceivers: []\nrules: []": "1:10: `version` must be 1",
    "version: 1\nrules: []": "1:1: the file lacks `receivers`",
    HEAD + RULE + "rule: 1": "4:1: the file has no `rule`; did you mean `rules`?",
    HEAD + RULE + RULE: "4:1: `rules` is there twice",
    HEAD + "rules: {}": "3:8: `rules` must be a list",
    HEAD + "rules: [{name: r}]": "3:9: a rule lacks `to`",
    HEAD + "rules: [{name: r, to: opps}]": "3:23: `to` cannot be `opps`; did you mean `ops`?",
    HEAD + "rules: [{name: r, to: []}]": "3:23: `to` is empty",
    HEAD + "rules: [{name: r, to: ops}, {name: r, to: ops}]": "3:29: two rules are called `r`",
    HEAD + "rules: [{name: r r, to: ops}]": "3:16: `name` must have letters, digits, dots, dashes and "
    "underscores alone, at most 63",
    HEAD + "rules:\n  - name: r\n    to: ops\n    when: [slow, losy]": "6:18: `when` cannot be `losy`; "
    "did you mean `lossy`?",
    HEAD + "rules: [{name: r, to: ops, rounds: 3 of 2}]": "3:36: `rounds` must be such as "
    "`2 of 3`, up to 20; it is `3 of 2`",
    HEAD + "rules: [{name: r, to: ops, rounds: 21}]": "3:36: `rounds` must be such as "
    "`2 of 3`, up to 20; it is `21`",
    HEAD
    + "rules: [{name: r, to: ops, when: tester_bad, scopes: region}]": "3:54: `scopes` are those of slow, "
    "lossy and lost, which this rule does not have",
    HEAD + "rules: [{name: r, to: ops, when: sweep_failed, names: x}]": "3:55: a sweep has no name; "
    "choose it by `fleets`",
    HEAD + "rules: [&a {name: r, to: ops}, *a]": "3:32: aliases are not taken",
    "version: 1\nreceivers: [{name: ops}]\n" + RULE: "2:13: a receiver has either `webhook` or `command`",
    a_webhook("{}"): "4:14: a webhook has either `url` or `url_file`",
    a_webhook("https://x.example/y"): "4:14: a webhook must be a mapping",
    a_webhook('{url: "${NOT_SET}"}'): "4:20: `url` needs the variable NOT_SET, which is not set",
    a_webhook("{url: ftp://s3cr3t.example}"): "4:20: the webhook's URL is none; it begins with https://",
    a_webhook(
        "{url: 'https://x.example/s3 cr3t'}"
    ): "4:20: the webhook's URL is none; it begins with https://",
    a_webhook(
        "{url: https://me:s3cr3t@x.example/}"
    ): "4:20: the webhook's URL has a user in it, which is not sent",
    a_webhook(
        "{url: http://x.example/s3cr3t}"
    ): "4:20: the webhook's URL is http://, which everybody on the way "
    "can read; say `insecure: true` to have it so",
    a_webhook(
        "{url: https://x.example/, format: xml}"
    ): "4:48: `format` cannot be `xml`; known are slack, json",
    a_webhook(
        "{url: https://x.example/, timeout: 1h}"
    ): "4:49: `timeout` must be a time up to 300s such as 10s, it is `1h`",
    a_webhook("{url: https://x.example/, ca_file: no.pem}"): "4:49: there is no file {directory}/no.pem",
    a_webhook("{url_file: no}"): "4:25: url_file: {directory}/no cannot be read: No such file or directory; "
    "name a file that holds the secret and that this user may read",
    HEAD.replace("/bin/cat", "cat") + RULE: "2:40: `cat` is not an absolute path; no shell looks for it",
    HEAD.replace("/bin/cat", "/bin/nothing") + RULE: "2:40: /bin/nothing is not there, or cannot be run",
    HEAD.replace("[/bin/cat]", "[]") + RULE: "2:40: `run` is empty; the program's path comes first",
}


@pytest.mark.parametrize("text", WRONG, ids=lambda text: WRONG[text][:40])
def test_what_is_wrong_is_told_with_line_and_column(tmp_path: Path, text: str) -> None:
    path = written(tmp_path, text)

    with pytest.raises(AlertsFileError) as refused:
        read_rules(path, {})

    said = WRONG[text].replace("{directory}", str(tmp_path))
    assert f"{path}:{said}" in str(refused.value).splitlines()
    assert "s3" not in str(refused.value)
    assert refused.value.exit_code == 2


def test_every_problem_is_told_at_once_and_a_receiver_with_one_is_known_by_its_name(tmp_path: Path) -> None:
    text = a_webhook("{url: ''}") + "more: 1\n"
    with pytest.raises(AlertsFileError) as refused:
        read_rules(written(tmp_path, text), {})
    assert [(one.line, one.message) for one in refused.value.problems] == [
        (4, "`url` must be a text"),
        (6, "the file has no `more`"),
    ]


def test_a_collector_does_not_start_with_rules_that_are_wrong(tmp_path: Path) -> None:
    path = written(tmp_path, HEAD + "rules: [{name: r, to: opps}]")
    environment = {
        "COLLECTOR_ALERTS": str(path),
        "COLLECTOR_DATABASE_URL": f"sqlite:///{tmp_path}/no.sqlite3",
    }
    assert serve.name == "serve"

    served = run("serve", environment=environment)
    checked = run("alerts", "check", environment=environment)

    for refused in (served, checked):
        assert isinstance(refused.exception, ConfigurationError)
        assert str(refused.exception) == f"{path}:3:23: `to` cannot be `opps`; did you mean `ops`?"
    assert not (tmp_path / "no.sqlite3").exists()
    # Other commands do not depend on it.
    assert run("migrate", environment=environment).exit_code == 0


def test_a_file_that_is_not_there_is_a_mistake_of_whoever_starts_it(tmp_path: Path) -> None:
    refused = run("alerts", "check", environment={"COLLECTOR_ALERTS": f"{tmp_path}/no"}).exception
    assert isinstance(refused, ConfigurationError)
    assert (
        str(refused) == f"{tmp_path}/no cannot be read: No such file or directory; COLLECTOR_ALERTS names it"
    )
    nothing = run("alerts", "check").exception
    assert str(nothing) == "there are no alerts; name a file with COLLECTOR_ALERTS or --file"


def test_the_example_is_taken_and_reaches_every_process_of_a_collector() -> None:
    example = Path(__file__).parent.parent.parent.parent / "examples" / "alerts" / "alerts.yaml"
    rules = read_rules(example, ENVIRONMENT)

    assert [rule.name for rule in rules.rules] == ["regions", "europe-for-long", "testers", "sweeps"]
    # As `serve --workers` hands settings on.
    assert pickle.loads(pickle.dumps(rules)) == rules
