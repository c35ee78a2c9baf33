"""A fleet as the text of a fleet.yaml."""

import re

import yaml

from orchestrator.fleet.model import Fleet

_LIKE_A_NUMBER = re.compile(r"[-+.]?[0-9.]")


class _Dumper(yaml.SafeDumper):
    """Writes what YAML 1.2 and PyYAML's 1.1 read alike."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    # PyYAML leaves 1e3 and 0o17 bare, which are numbers in YAML 1.2.
    style = "'" if _LIKE_A_NUMBER.match(text) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def yaml_text(fleet: Fleet) -> str:
    """Return a fleet.yaml that reads as this fleet; references to secrets stay references."""
    body = yaml.dump(
        fleet.to_spec(),
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        width=100,
        default_flow_style=False,
    )
    return f"# The fleet {fleet.name} after expansion.\n{body}"
