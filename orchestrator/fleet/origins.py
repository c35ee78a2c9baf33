"""Where each value of a fleet was written."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from orchestrator.fleet.include import LOCAL_NAME
from orchestrator.fleet.references import names_in
from orchestrator.fleet.tree import Branch, Leaf, Row, Tree

Path = tuple[int | str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Origin:
    """Where a value comes from.

    `kind` is "file", "local" (fleet.local.yaml), "template", "defaults", "profile", "table", "account",
    "variable", "secret_file" or "default"; `name` says which one. `variables` stand in what was written.
    """

    kind: str
    name: str | None = None
    file: str | None = None
    line: int | None = None
    variables: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON, without what it does not have."""
        given = {"name": self.name, "file": self.file, "line": self.line, "variables": list(self.variables)}
        return {"kind": self.kind} | {key: value for key, value in given.items() if value}


DEFAULT = Origin(kind="default")


class Origins:
    """Finds the origin of each value of a fleet that was read from files.

    `root` is the tree of all files, `expanded` what became of it: values keep their places in that.
    `testers` are the names of its testers, in their order.
    """

    def __init__(
        self, root: Branch, expanded: Branch, *, profile: str | None, testers: tuple[str, ...]
    ) -> None:
        self.testers = testers
        self._root = root
        self._expanded = expanded
        self._parts: dict[int, tuple[str, str | None]] = {}
        for kind, name, part in _parts(root, profile=profile):
            for tree in _all_of(part):
                self._parts[id(tree)] = (kind, name)

    def of(self, path: Path) -> Origin:
        """Return where the value at a path of the expanded fleet was written; `DEFAULT` where nowhere."""
        tree: Tree = self._expanded
        for step in path:
            if isinstance(tree, Branch) and step in tree.entries:
                tree = tree.entries[str(step)]
            elif isinstance(tree, Row) and isinstance(step, int) and step < len(tree.items):
                tree = tree.items[step]
            elif isinstance(tree, Leaf):
                # One word stands for a mapping: `run: once`.
                break
            else:
                return DEFAULT
        place = tree.place
        kind = "local" if PurePath(place.file).name == LOCAL_NAME else "file"
        kind, name = self._parts.get(id(tree), (kind, None))
        variables = dict.fromkeys(
            each for leaf in _all_of(tree) if isinstance(leaf, Leaf) for each in names_in(leaf.text)
        )
        return Origin(kind=kind, name=name, file=place.file, line=place.line, variables=tuple(variables))


def _parts(root: Branch, *, profile: str | None) -> Iterator[tuple[str, str | None, Tree]]:
    templates = root.entries.get("templates")
    if isinstance(templates, Branch):
        for name, template in templates.entries.items():
            yield "template", name, template
    if (defaults := root.entries.get("defaults")) is not None:
        yield "defaults", None, defaults
    profiles = root.entries.get("profiles")
    if isinstance(profiles, Branch) and profile in profiles.entries:
        yield "profile", profile, profiles.entries[str(profile)]


def _all_of(tree: Tree) -> Iterator[Tree]:
    yield tree
    if isinstance(tree, Leaf):
        return
    for child in tree.items if isinstance(tree, Row) else tree.entries.values():
        yield from _all_of(child)
