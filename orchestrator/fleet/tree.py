"""A YAML file as a tree in which every value knows its line and column."""

import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import yaml
from yaml.composer import Composer
from yaml.nodes import Node, ScalarNode, SequenceNode
from yaml.parser import Parser
from yaml.reader import Reader
from yaml.scanner import Scanner

from orchestrator.errors import Problem
from orchestrator.fleet.core_schema import plain_value
from orchestrator.fleet.references import interpolated

MOST_VALUES = 1_000_000
"""Beyond it a file is refused: aliases of aliases can name more values than fit in any memory."""

MOST_LEVELS = 100

_SURROGATES = re.compile("[\ud800-\udfff]")
_PLAIN = "plain"
_TEXT = "tag:yaml.org,2002:str"


class Place:
    """Where something was written; line and column count from 1."""

    __slots__ = ("column", "file", "line")

    def __init__(self, file: str, line: int, column: int) -> None:
        self.file = file
        self.line = line
        self.column = column

    def problem(self, message: str, hint: str | None = None) -> Problem:
        """Return a problem at this place."""
        return Problem(file=self.file, line=self.line, column=self.column, message=message, hint=hint)

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class Leaf:
    """A scalar as written; `plain` says that it had no quotes, so that it may be a number."""

    __slots__ = ("file", "mark", "plain", "text")

    def __init__(self, text: str, *, plain: bool, file: str, mark: Any) -> None:
        self.text = text
        self.plain = plain
        self.file = file
        self.mark = mark

    @property
    def place(self) -> Place:
        """Where it stands."""
        return _place(self.file, self.mark)

    def value(self, environment: Mapping[str, str]) -> Any:
        """Return its value: interpolated, then typed where it was plain; raise `BadReference`."""
        text = self.text_in(environment)
        return plain_value(text) if self.plain else text

    def text_in(self, environment: Mapping[str, str]) -> str:
        """Return its text, interpolated; raise `BadReference`."""
        return interpolated(self.text, environment)


class Branch:
    """A mapping; `marks` tells where each key stands."""

    __slots__ = ("entries", "file", "mark", "marks")

    def __init__(self, entries: "dict[str, Tree]", *, marks: dict[str, Any], file: str, mark: Any) -> None:
        self.entries = entries
        self.marks = marks
        self.file = file
        self.mark = mark

    @property
    def place(self) -> Place:
        """Where it begins."""
        return _place(self.file, self.mark)

    def place_of_key(self, key: str) -> Place:
        """Return where a key stands."""
        child = self.entries[key]
        return _place(child.file, self.marks.get(key, child.mark))

    def without(self, *keys: str) -> "Branch":
        """Return it without some of its keys."""
        entries = {key: child for key, child in self.entries.items() if key not in keys}
        return Branch(entries, marks=self.marks, file=self.file, mark=self.mark)


class Row:
    """A list."""

    __slots__ = ("file", "items", "mark")

    def __init__(self, items: "list[Tree]", *, file: str, mark: Any) -> None:
        self.items = items
        self.file = file
        self.mark = mark

    @property
    def place(self) -> Place:
        """Where it begins."""
        return _place(self.file, self.mark)


Tree = Leaf | Branch | Row


class NotReadable(Exception):
    """A text that cannot become a tree; `problems` tells why."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__(*problems)
        self.problems = problems


def tree_of(text: str, *, file: str) -> Tree | None:
    """Return the tree of a YAML document, None for an empty one; raise `NotReadable`."""
    node = _composed(text, file=file)
    if node is None:
        return None
    grower = _Grower(file)
    tree = grower.grown(node)
    if grower.problems:
        raise NotReadable(*grower.problems)
    return tree


def merged(under: Branch, over: Branch) -> Branch:
    """Return both as one: mappings merge deeply, of anything else the one of `over` stays."""
    entries = dict(under.entries)
    for key, child in over.entries.items():
        below = entries.get(key)
        if isinstance(below, Branch) and isinstance(child, Branch) and not _is_secret(child):
            child = merged(below, child)
        entries[key] = child
    return Branch(entries, marks={**under.marks, **over.marks}, file=over.file, mark=over.mark)


def _is_secret(branch: Branch) -> bool:
    """Return whether it is where a secret is: that is replaced as a whole, by file or by variable."""
    return bool(branch.entries) and branch.entries.keys() <= {"file", "env"}


class _Untyped:
    """A resolver that leaves the types to YAML 1.2's rules, which are not PyYAML's."""

    def resolve(self, kind: type[Node], _value: Any, implicit: Any) -> str:
        return _PLAIN if kind is ScalarNode and implicit[0] else _TEXT

    depth = 0

    def descend_resolver(self, _current: Any, _index: Any) -> None:
        # libyaml's composer calls itself for each level, and ends in a segmentation fault.
        self.depth += 1
        if self.depth > MOST_LEVELS:
            raise RecursionError

    def ascend_resolver(self) -> None:
        self.depth -= 1


def _fast_node(text: str) -> Node | None:
    from yaml._yaml import CParser  # it is there only where PyYAML was built with libyaml

    class FastLoader(CParser, _Untyped):
        """libyaml's parser, ten times as fast as Python's."""

    node: Node | None = FastLoader(text).get_single_node()
    return node


class _SlowLoader(Reader, Scanner, Parser, Composer, _Untyped):
    def __init__(self, text: str) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)
        Composer.__init__(self)


def _composed(text: str, *, file: str) -> Node | None:
    try:
        if yaml.__with_libyaml__:
            with suppress(yaml.YAMLError):  # Python's own parser says better what is wrong
                return _fast_node(text)
        return _SlowLoader(text).get_single_node()
    except yaml.MarkedYAMLError as error:
        raise NotReadable(_syntax_problem(error, text, file=file)) from None
    except (yaml.YAMLError, RecursionError) as error:
        reason = "a control character" if isinstance(error, yaml.YAMLError) else "too many levels"
        raise NotReadable(Problem(file=file, message=f"not YAML: {reason}")) from None


def _syntax_problem(error: yaml.MarkedYAMLError, text: str, *, file: str) -> Problem:
    mark = error.problem_mark or error.context_mark
    reason = " ".join((error.problem or error.context or "").split())
    if error.context == "expected a single document in the stream":
        reason = "more than one document"
    line, column = (mark.line, mark.column) if mark else (0, 0)
    lines = text.splitlines()
    written = lines[line][: column + 1].rstrip() if line < len(lines) else ""
    hint = None
    if "alias" in f"{error.context} {error.problem}":
        hint = 'a value that begins with `*` needs quotes, for example "*/5 * * * *"'
    elif "${" in (lines[line] if line < len(lines) else "") and "expected ',' or" in reason:
        hint = 'within braces, a ${VAR} needs quotes: "${VAR}"'
    elif "\\t" in reason:
        hint = "indent with spaces"
    elif written.endswith(":") and "mapping values" in reason:
        hint = "a value with `: ` in it needs quotes"
    return Problem(file=file, line=line + 1, column=column + 1, message=f"not YAML: {reason}", hint=hint)


class _Grower:
    def __init__(self, file: str) -> None:
        self._file = file
        self._count = 0
        self._open: set[int] = set()
        self.problems: list[Problem] = []

    def grown(self, node: Node) -> Tree:
        self._count += 1
        if self._count > MOST_VALUES:
            raise NotReadable(Problem(file=self._file, message=f"more than {MOST_VALUES} values"))
        mark = node.start_mark
        if isinstance(node, ScalarNode):
            if node.tag not in (_PLAIN, _TEXT):
                self._refuse(mark, f"tag `{_tag_text(node.tag)}` is not read")
            return Leaf(self._characters(node), plain=node.tag == _PLAIN, file=self._file, mark=mark)
        if node.tag != _TEXT:
            self._refuse(mark, f"tag `{_tag_text(node.tag)}` is not read")
        if id(node) in self._open:
            raise NotReadable(_place(self._file, mark).problem("an alias stands within what it names"))
        self._open.add(id(node))
        try:
            if isinstance(node, SequenceNode):
                return Row([self.grown(item) for item in node.value], file=self._file, mark=mark)
            return self._branch(node)
        finally:
            self._open.discard(id(node))

    def _branch(self, node: Node) -> Branch:
        entries: dict[str, Tree] = {}
        marks: dict[str, Any] = {}
        for key, value in node.value:
            if not isinstance(key, ScalarNode):
                self._refuse(key.start_mark, "a key must be a text")
                continue
            name = self._characters(key)
            if name in entries:
                first = marks[name].line + 1
                self._refuse(key.start_mark, f"duplicate key `{name}`", f"the first is on line {first}")
                continue
            marks[name] = key.start_mark
            entries[name] = self.grown(value)
        return Branch(entries, marks=marks, file=self._file, mark=node.start_mark)

    def _characters(self, node: ScalarNode) -> str:
        text: str = node.value
        if text.isascii() or not _SURROGATES.search(text):
            return text
        # JSON writes a character beyond 16 bits as two escapes, which YAML takes for two characters.
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        if "\ufffd" in text:
            self._refuse(node.start_mark, "half of a surrogate pair is no character")
        return text

    def _refuse(self, mark: Any, message: str, hint: str | None = None) -> None:
        self.problems.append(_place(self._file, mark).problem(message, hint))


def _tag_text(tag: str) -> str:
    return tag.replace("tag:yaml.org,2002:", "!!")


def _place(file: str, mark: Any) -> Place:
    return Place(file, mark.line + 1, mark.column + 1)
