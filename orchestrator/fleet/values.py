"""From a tree to plain values, and from a path back to where it was written."""

from collections.abc import Mapping
from typing import Any

from orchestrator.errors import Problem
from orchestrator.fleet import core_schema
from orchestrator.fleet.references import BadReference, refers
from orchestrator.fleet.spec import option_value
from orchestrator.fleet.tree import Branch, Leaf, Place, Row, Tree


class Values:
    """Gives the values of trees in one environment; `problems` holds references without a value."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._unresolved: set[int] = set()
        self.problems: list[Problem] = []

    def of(self, tree: Tree, *, lenient: bool = False) -> Any:
        """Return the value of a tree. `lenient`: a reference without a value stands for itself."""
        if isinstance(tree, Leaf):
            if "$" not in tree.text:
                return core_schema.plain_value(tree.text) if tree.plain else tree.text
            return self._interpolated(tree, lenient=lenient)
        if isinstance(tree, Row):
            return [self.of(item, lenient=lenient) for item in tree.items]
        return {
            key: self.of_option(child, lenient=lenient)
            if key == "options"
            else self.of(child, lenient=lenient)
            for key, child in tree.entries.items()
        }

    def of_option(self, tree: Tree, *, lenient: bool = False) -> Any:
        """Return the value of a driver's options or of a part of them."""
        if isinstance(tree, Branch):
            return {key: self.of_option(child, lenient=lenient) for key, child in tree.entries.items()}
        if isinstance(tree, Row):
            return [self.of_option(item, lenient=lenient) for item in tree.items]
        if refers(tree.text):
            value = self._interpolated(tree, lenient=lenient, typed=False)
            return option_value(value)
        text = str(self._interpolated(tree, lenient=lenient, typed=False)) if "$" in tree.text else tree.text
        return core_schema.option_value(text) if tree.plain else text

    def is_unresolved(self, tree: Tree) -> bool:
        """Return whether a reference without a value stands in a tree, so that its value is none."""
        if isinstance(tree, Leaf):
            return id(tree) in self._unresolved
        children = tree.items if isinstance(tree, Row) else tree.entries.values()
        return any(self.is_unresolved(child) for child in children)

    def _interpolated(self, leaf: Leaf, *, lenient: bool, typed: bool = True) -> Any:
        try:
            return leaf.value(self._environment) if typed else leaf.text_in(self._environment)
        except BadReference as error:
            self._unresolved.add(id(leaf))
            if not lenient:
                self.problems.append(leaf.place.problem(error.message, error.hint))
            return leaf.text


def written(tree: Tree | None) -> dict[str, Any]:
    """Return the entries of a mapping that hold a `${VAR}`, as they were written."""
    if not isinstance(tree, Branch):
        return {}
    return {key: _as_written(child) for key, child in tree.entries.items() if _refers(child)}


def located(tree: Tree, loc: tuple[int | str, ...], *, of_key: bool = False) -> tuple[Place, Tree]:
    """Return where a path leads in a tree and what is there, or as far as the path goes."""
    parent: Branch | None = None
    key = ""
    for step in loc:
        if isinstance(tree, Branch) and step in tree.entries:
            parent, key = tree, str(step)
            tree = tree.entries[key]
        elif isinstance(tree, Row) and isinstance(step, int) and step < len(tree.items):
            parent, tree = None, tree.items[step]
        else:
            break
    if of_key and parent is not None:
        return parent.place_of_key(key), tree
    return tree.place, tree


def _as_written(tree: Tree) -> Any:
    if isinstance(tree, Leaf):
        return tree.text
    if isinstance(tree, Row):
        return [_as_written(item) for item in tree.items]
    return {key: _as_written(child) for key, child in tree.entries.items()}


def _refers(tree: Tree) -> bool:
    if isinstance(tree, Leaf):
        return refers(tree.text)
    children = tree.items if isinstance(tree, Row) else tree.entries.values()
    return any(_refers(child) for child in children)
