"""Reads rules and receivers from a file."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import yaml

from collector.alerts.marked import Document
from collector.alerts.rules import (
    DEFAULT_WHEN,
    RECOVERED,
    SWEEPS,
    VERDICTS,
    Command,
    Finding,
    Format,
    Receiver,
    Rule,
    Rules,
    Webhook,
)
from collector.errors import AlertsFileError, ConfigurationError
from collector.secret_files import all_may_read, open_secret, read_secret_file
from collector.settings import is_loopback
from collector.verdicts.verdict import Scope

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}", re.ASCII)
ROUNDS = re.compile(r"(\d{1,2})(?: of (\d{1,2}))?", re.ASCII)
MOST_ROUNDS = 20
LONGEST_S = 300.0
"""How long a receiver may take at most."""


def read_rules(path: Path, environment: Mapping[str, str]) -> Rules:
    """Return what a file says; raise `AlertsFileError` with every problem that was found."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = os.strerror(error.errno or 0) if isinstance(error, OSError) else "not UTF-8"
        raise ConfigurationError(
            f"{path} cannot be read: {reason}", hint="COLLECTOR_ALERTS names it"
        ) from None
    document = Document(file=str(path), environment=environment)
    rules = _rules(document, document.root(text), directory=path.parent)
    if document.problems:
        raise AlertsFileError(document.problems)
    return rules


def _rules(at: Document, root: yaml.Node | None, *, directory: Path) -> Rules:
    if root is None:
        if not at.problems:
            at.refuse(yaml.ScalarNode("", ""), "the file is empty", hint="docs/alerts.md has an example")
        return Rules(rules=(), receivers=())
    known = ("version", "receivers", "rules")
    entries = at.entries(root, of="the file", known=known, needed=known)
    if (version := entries.get("version")) is not None and at.text(version, of="version") != "1":
        at.refuse(version, "`version` must be 1")
    receivers = [
        (node, _receiver(at, node, directory=directory))
        for node in at.items(entries.get("receivers"), of="receivers")
    ]
    made = [(node, one) for node, one in receivers if one is not None]
    _no_doubles(at, [(node, one.name) for node, one in made], kind="receiver")
    names = [name for node, _ in receivers if (name := _name_in(node)) is not None]
    rules = [(node, _rule(at, node, receivers=names)) for node in at.items(entries.get("rules"), of="rules")]
    there = [(node, rule) for node, rule in rules if rule is not None]
    _no_doubles(at, [(node, rule.name) for node, rule in there], kind="rule")
    return Rules(
        rules=tuple(rule for _, rule in there),
        receivers=tuple(one for _, one in made),
        open_secrets=tuple(at.open_secrets),
    )


def _receiver(at: Document, node: yaml.Node, *, directory: Path) -> Receiver | None:
    entries = at.entries(node, of="a receiver", known=("name", "webhook", "command"), needed=("name",))
    name = _name(at, entries.get("name"))
    if ("webhook" in entries) == ("command" in entries) and isinstance(node, yaml.MappingNode):
        at.refuse(node, "a receiver has either `webhook` or `command`")
        return None
    by: Webhook | Command | None
    if "webhook" in entries:
        by = _webhook(at, entries["webhook"], directory=directory)
    else:
        by = _command(at, entries.get("command"))
    return None if name is None or by is None else Receiver(name=name, by=by)


def _webhook(at: Document, node: yaml.Node, *, directory: Path) -> Webhook | None:
    known = ("url", "url_file", "format", "timeout", "ca_file", "insecure")
    entries = at.entries(node, of="a webhook", known=known)
    if ("url" in entries) == ("url_file" in entries):
        if isinstance(node, yaml.MappingNode):
            at.refuse(node, "a webhook has either `url` or `url_file`")
        return None
    insecure = at.flag(entries.get("insecure"), of="insecure")
    if "url" in entries:
        place = entries["url"]
        url = at.with_variables(place, of="url")
    else:
        place = entries["url_file"]
        url = _file_text(at, place, directory=directory)
    ca_file = at.text(entries.get("ca_file"), of="ca_file")
    if ca_file is not None:
        ca_file = str(directory / ca_file)
        if not Path(ca_file).is_file():
            at.refuse(entries["ca_file"], f"there is no file {ca_file}")
    timeout_s = at.seconds(entries.get("timeout"), of="timeout", default=10.0, most=LONGEST_S)
    chosen = Format.SLACK.value
    if "format" in entries:
        chosen = at.choice(entries["format"], of="format", known=tuple(Format)) or chosen
    if url is None or not _is_good_url(at, place, url, insecure=insecure):
        return None
    return Webhook(url=url, format=Format(chosen), timeout_s=timeout_s, ca_file=ca_file)


def _is_good_url(at: Document, place: yaml.Node, url: str, *, insecure: bool) -> bool:
    """Return whether a URL can be posted to; what is said of it does not repeat it."""
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("https", "http") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good or not url.isascii() or any(each <= " " or each == "\x7f" for each in url):
        at.refuse(place, "the webhook's URL is none", hint="it begins with https://")
        return False
    if "@" in parts.netloc:
        at.refuse(place, "the webhook's URL has a user in it, which is not sent")
        return False
    if parts.scheme == "http" and not insecure and not is_loopback(parts.hostname or ""):
        at.refuse(
            place,
            "the webhook's URL is http://, which everybody on the way can read",
            hint="say `insecure: true` to have it so",
        )
        return False
    return True


def _command(at: Document, node: yaml.Node | None) -> Command | None:
    entries = at.entries(node, of="a command", known=("run", "timeout"), needed=("run",))
    run = [at.text(item, of="run") for item in at.items(entries.get("run"), of="run")]
    words = tuple(word for word in run if word is not None)
    timeout_s = at.seconds(entries.get("timeout"), of="timeout", default=30.0, most=LONGEST_S)
    place = entries.get("run")
    if place is None or len(words) != len(run):
        return None
    if not words:
        if isinstance(place, yaml.SequenceNode):
            at.refuse(place, "`run` is empty", hint="the program's path comes first")
        return None
    if not Path(words[0]).is_absolute():
        at.refuse(place, f"`{words[0]}` is not an absolute path", hint="no shell looks for it")
        return None
    if not os.access(words[0], os.X_OK):
        at.refuse(place, f"{words[0]} is not there, or cannot be run")
        return None
    return Command(run=words, timeout_s=timeout_s)


def _rule(at: Document, node: yaml.Node, *, receivers: list[str]) -> Rule | None:
    known = ("name", "when", "rounds", "scopes", "fleets", "names", "to")
    entries = at.entries(node, of="a rule", known=known, needed=("name", "to"))
    name = _name(at, entries.get("name"))
    words = at.choices(entries.get("when"), of="when", known=(*Finding, RECOVERED)) or DEFAULT_WHEN
    needed, of = _rounds(at, entries.get("rounds"))
    scopes = at.choices(entries.get("scopes"), of="scopes", known=tuple(Scope))
    fleets = at.texts(entries.get("fleets"), of="fleets")
    names = at.texts(entries.get("names"), of="names")
    to = at.choices(entries.get("to"), of="to", known=receivers)
    findings = tuple(Finding(word) for word in words if word != RECOVERED)
    if scopes and findings and not any(finding in VERDICTS for finding in findings):
        at.refuse(
            entries["scopes"], "`scopes` are those of slow, lossy and lost, which this rule does not have"
        )
    if names and findings and all(finding in SWEEPS for finding in findings):
        at.refuse(entries["names"], "a sweep has no name; choose it by `fleets`")
    if name is None or not to:
        return None
    return Rule(
        name=name,
        # What is recovered has been bad, told or not.
        findings=findings or VERDICTS,
        tells_bad=bool(findings),
        tells_recovered=RECOVERED in words,
        needed=needed,
        of=of,
        scopes=tuple(Scope(word) for word in scopes) or tuple(Scope),
        fleets=fleets or ("*",),
        names=names or ("*",),
        to=to,
    )


def _rounds(at: Document, node: yaml.Node | None) -> tuple[int, int]:
    text = at.text(node, of="rounds")
    if node is None or text is None:
        return 1, 1
    match = ROUNDS.fullmatch(text.strip())
    needed, of = (0, 0) if match is None else (int(match[1]), int(match[2] or match[1]))
    if not 1 <= needed <= of <= MOST_ROUNDS:
        at.refuse(node, f"`rounds` must be such as `2 of 3`, up to {MOST_ROUNDS}; it is `{text}`")
        return 1, 1
    return needed, of


def _name(at: Document, node: yaml.Node | None) -> str | None:
    text = at.text(node, of="name")
    if node is None or text is None or NAME.fullmatch(text):
        return text
    at.refuse(node, "`name` must have letters, digits, dots, dashes and underscores alone, at most 63")
    return None


def _name_in(node: yaml.Node) -> str | None:
    """Return the name of a receiver, also of one that has another problem."""
    pairs = node.value if isinstance(node, yaml.MappingNode) else ()
    found = [
        value.value for key, value in pairs if key.value == "name" and isinstance(value, yaml.ScalarNode)
    ]
    return found[0] if found else None


def _file_text(at: Document, node: yaml.Node, *, directory: Path) -> str | None:
    name = at.text(node, of="url_file")
    if name is None:
        return None
    path = str(directory / name)
    try:
        text = read_secret_file(path, variable="url_file")
    except ConfigurationError as error:
        at.refuse(node, str(error))
        return None
    if all_may_read(path):
        at.open_secrets.append(open_secret(path, name="url_file"))
    return text


def _no_doubles(at: Document, named: list[tuple[yaml.Node, str]], *, kind: str) -> None:
    seen: set[str] = set()
    for node, name in named:
        if name in seen:
            at.refuse(node, f"two {kind}s are called `{name}`")
        seen.add(name)
