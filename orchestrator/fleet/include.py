"""A fleet file with everything that it includes, as one tree."""

from collections.abc import Mapping
from pathlib import Path

from orchestrator.errors import Problem
from orchestrator.fleet.references import BadReference
from orchestrator.fleet.tree import Branch, Leaf, NotReadable, Row, Tree, merged, tree_of

LOCAL_NAME = "fleet.local.yaml"
"""Lies beside the file, is merged over it and ignored by git: private values go there."""

ADDED_UP = ("testers", "servers", "schedule")
"""Lists of several files that add up; of any other value the including file's stays."""


class Gathering:
    """Reads a file and all that it includes; `problems` holds what went wrong."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._read: set[Path] = set()
        self.problems: list[Problem] = []
        self.local_used = False

    def of_file(self, path: Path) -> Branch | None:
        """Return the tree of a file, with `fleet.local.yaml` over it; None with problems."""
        chain = (path.resolve(),)
        root = self._with_includes(self._file(path, shown=str(path)), path.parent, chain)
        local = path.parent / LOCAL_NAME
        if root is None or local.name == path.name or not local.is_file():
            return root
        self.local_used = True
        over = self._file(local, shown=str(local), may_be_empty=True)
        over = self._with_includes(over, path.parent, (local.resolve(),))
        return root if over is None else _merged_by_name(root, over)

    def of_text(self, text: str, *, shown: str, directory: Path) -> Branch | None:
        """Return the tree of a text that stands in no file; None with problems."""
        return self._with_includes(self._branch(text, shown=shown), directory, ())

    def _file(self, path: Path, *, shown: str, may_be_empty: bool = False) -> Branch | None:
        try:
            body = path.read_bytes()
        except FileNotFoundError:
            self._refuse(shown, "no such file", "name one, or pass `-` and the file on stdin")
            return None
        except IsADirectoryError:
            self._refuse(shown, "is a folder, not a file")
            return None
        except OSError as error:
            self._refuse(shown, f"cannot be read: {error.strerror}")
            return None
        self._read.add(path.resolve())
        try:
            text = body.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = body.count(b"\n", 0, error.start) + 1
            column = error.start - (body.rfind(b"\n", 0, error.start) + 1) + 1
            self.problems.append(Problem(file=shown, line=line, column=column, message="not UTF-8 text"))
            return None
        return self._branch(text, shown=shown, may_be_empty=may_be_empty)

    def _branch(self, text: str, *, shown: str, may_be_empty: bool = False) -> Branch | None:
        try:
            tree = tree_of(text, file=shown)
        except NotReadable as error:
            self.problems.extend(error.problems)
            return None
        if tree is None or (isinstance(tree, Leaf) and tree.plain and not tree.text):
            if not may_be_empty:
                self._refuse(
                    shown, "the file is empty", "a fleet has at least `name`, `testers` and `servers`"
                )
            return None
        if not isinstance(tree, Branch):
            kind = "a list" if isinstance(tree, Row) else "a text"
            self.problems.append(
                tree.place.problem(f"a fleet is a mapping of keys to values, this is {kind}")
            )
            return None
        return tree

    def _with_includes(self, root: Branch | None, directory: Path, chain: tuple[Path, ...]) -> Branch | None:
        if root is None or "include" not in root.entries:
            return root
        include = root.entries["include"]
        whole = root.without("include")
        for entry in include.items if isinstance(include, Row) else [include]:
            if isinstance(entry, Leaf):
                for part in self._included(entry, directory, chain):
                    whole = _added(part, whole)
            else:
                self.problems.append(entry.place.problem("`include` has the names of files"))
        return whole

    def _included(self, entry: Leaf, directory: Path, chain: tuple[Path, ...]) -> list[Branch]:
        try:
            pattern = entry.value(self._environment)
        except BadReference as error:
            self.problems.append(entry.place.problem(error.message, error.hint))
            return []
        if not isinstance(pattern, str):
            self.problems.append(entry.place.problem("`include` has the names of files"))
            return []
        parts = []
        for path in self._paths(entry, pattern, directory, chain):
            if path.resolve() in chain:
                links = [*chain[chain.index(path.resolve()) :], path.resolve()]
                circle = " → ".join(link.name for link in links)
                self.problems.append(entry.place.problem(f"include goes in a circle: {circle}"))
            elif path.resolve() not in self._read:
                part = self._file(path, shown=str(path), may_be_empty=True)
                part = self._with_includes(part, path.parent, (*chain, path.resolve()))
                parts += [] if part is None else [part]
        return parts

    def _paths(self, entry: Leaf, pattern: str, directory: Path, chain: tuple[Path, ...]) -> list[Path]:
        if not any(letter in pattern for letter in "*?["):
            path = directory / pattern
            if path.is_file() or path.resolve() in chain:
                return [path]
            self.problems.append(entry.place.problem(f"`{pattern}`: no such file"))
            return []
        own = {*chain, (directory / LOCAL_NAME).resolve()}
        start, rest = (Path("/"), pattern.lstrip("/")) if pattern.startswith("/") else (directory, pattern)
        rest = rest.removeprefix("./")
        try:
            found = sorted(path for path in start.glob(rest) if path.is_file())
        except ValueError as error:
            self.problems.append(entry.place.problem(f"`{pattern}`: {error}"))
            return []
        return [path for path in found if path.resolve() not in own]

    def _refuse(self, file: str, message: str, hint: str | None = None) -> None:
        self.problems.append(Problem(file=file, message=message, hint=hint))


def _added(part: Branch, whole: Branch) -> Branch:
    """Return both as one: lists add up, the whole's own come first; other values of the whole stay."""
    both = merged(part, whole)
    for key in ADDED_UP:
        own, further = whole.entries.get(key), part.entries.get(key)
        if isinstance(own, Row) and isinstance(further, Row):
            both.entries[key] = Row([*own.items, *further.items], file=own.file, mark=own.mark)
    return both


def _merged_by_name(root: Branch, over: Branch) -> Branch:
    """Return both as one: entries of one name merge deeply, entries of other names are added."""
    both = merged(root, over)
    for key in ADDED_UP:
        below, above = root.entries.get(key), over.entries.get(key)
        if isinstance(below, Row) and isinstance(above, Row):
            both.entries[key] = _rows_by_name(below, above)
    return both


def _rows_by_name(below: Row, above: Row) -> Row:
    items: list[Tree] = list(below.items)
    positions = {_name(item): number for number, item in enumerate(items) if _name(item)}
    for item in above.items:
        number = positions.get(_name(item))
        own = items[number] if number is not None else None
        if number is not None and isinstance(own, Branch) and isinstance(item, Branch):
            items[number] = merged(own, item)
        else:
            items.append(item)
    return Row(items, file=below.file, mark=below.mark)


def _name(item: Tree) -> str | None:
    name = item.entries.get("name") if isinstance(item, Branch) else None
    return name.text if isinstance(name, Leaf) else None
