"""Reads a fleet file."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from orchestrator.errors import FleetFileError, Problem
from orchestrator.fleet.document import Document
from orchestrator.fleet.expand import Expansion, doubles
from orchestrator.fleet.include import LOCAL_NAME, Gathering
from orchestrator.fleet.model import Fleet
from orchestrator.fleet.origins import Origins
from orchestrator.fleet.profile import Variant, unknown_names, variant_of
from orchestrator.fleet.refusals import refusals_of
from orchestrator.fleet.spec import PEOPLE, with_references
from orchestrator.fleet.tree import Branch, Leaf, Place, Row, Tree
from orchestrator.fleet.values import Values, located, written

STDIN = "stdin"

_OPTIONAL_PARTS = ("templates", "profiles")
"""Parts of a file that may go unused, so that a variable that only they need may be unset."""


def read_fleet(
    path: Path | None,
    *,
    text: str | None = None,
    environment: Mapping[str, str],
    profile: str | None = None,
) -> Fleet:
    """Return the fleet in a file, or in `text` where the file is not there to be read again.

    Raise `FleetFileError` with every problem that was found.
    """
    return read_with_origins(path, text=text, environment=environment, profile=profile)[0]


def read_with_origins(
    path: Path | None,
    *,
    text: str | None = None,
    environment: Mapping[str, str],
    profile: str | None = None,
) -> tuple[Fleet, Origins]:
    """Return the fleet as `read_fleet` does, and where each of its values was written."""
    shown = STDIN if path is None else str(path)
    directory = Path() if path is None else path.parent
    gathering = Gathering(environment)
    if text is not None:
        root = gathering.of_text(text, shown=shown, directory=directory)
    elif path is not None:
        root = gathering.of_file(path)
    else:
        raise ValueError("neither a path nor a text")
    if root is None:
        raise FleetFileError(gathering.problems)
    source = shown + (f" with {LOCAL_NAME}" if gathering.local_used else "")
    source += f", profile {profile}" if profile else ""
    reading = _Reading(root, environment, profile=profile, file=shown, problems=gathering.problems)
    fleet, expanded = reading.fleet(source=source, directory=str(directory))
    testers = tuple(tester.name for tester in fleet.testers)
    return fleet, Origins(root, expanded, profile=profile, testers=testers)


Model = TypeVar("Model", bound=BaseModel)


class _Reading:
    def __init__(
        self,
        root: Branch,
        environment: Mapping[str, str],
        *,
        profile: str | None,
        file: str,
        problems: list[Problem],
    ) -> None:
        self._values = Values(environment)
        self._profile = profile
        self._problems = problems
        self._variant = variant_of(root, profile, values=self._values, file=file)
        self._problems += self._variant.problems

    def fleet(self, *, source: str, directory: str) -> tuple[Fleet, Branch]:
        self._check_document()
        root = self._expanded_root()
        self._problems += self._values.problems
        self._stop_at_problems()
        values = self._values.of(root) | {"source": source, "directory": directory}
        fleet = self._validated(Fleet, values, root)
        self._stop_at_problems()
        assert fleet is not None
        testers = root.entries["testers"]
        assert isinstance(testers, Row)
        options = [
            written(tree.entries.get("options")) if isinstance(tree, Branch) else {} for tree in testers.items
        ]
        collector = written(root.entries.get("collector"))
        return with_references(fleet, options=options, collector=collector), root

    def _check_document(self) -> None:
        """Hold everything that was written against what may be written, used or not."""
        root = self._variant.root
        values = {
            key: self._values.of(child, lenient=key in _OPTIONAL_PARTS) for key, child in root.entries.items()
        }
        self._validated(Document, values, root)

    def _expanded_root(self) -> Branch:
        variant = self._variant
        expansion = Expansion(variant.root, self._values, probe=variant.probe)
        testers = expansion.testers()
        self._problems += expansion.problems
        self._problems += doubles(testers)
        names = {tester.name for tester in testers} | {tester.entry_name for tester in testers}
        self._problems += unknown_names(variant.only_testers, names, kind="tester")
        self._problems += _doubles("schedule", _named_schedules(variant.root))
        if self._profile is None:
            self._problems += unknown_names(_scheduled(variant.root), names, kind="tester")
        only = variant.only_testers
        kept: list[Tree] = [
            tester.tree
            for tester in testers
            if only is None or tester.name in only or tester.entry_name in only
        ]
        root = variant.root.without("templates", "profiles", "defaults", "include", "$schema")
        root.entries["testers"] = Row(kept, file=root.file, mark=root.mark)
        self._select_servers(root, variant)
        return root

    def _select_servers(self, root: Branch, variant: Variant) -> None:
        servers = root.entries.get("servers")
        if not isinstance(servers, Row):
            return
        named = [(self._server_name(item), item) for item in servers.items]
        self._problems += _doubles("server", named)
        self._problems += unknown_names(variant.only_servers, {name for name, _ in named}, kind="server")
        if variant.only_servers is not None:
            kept = [item for name, item in named if name in variant.only_servers]
            root.entries["servers"] = Row(kept, file=servers.file, mark=servers.mark)

    def _server_name(self, item: Tree) -> str:
        entries = item.entries if isinstance(item, Branch) else {}
        if "name" not in entries:
            return "testers" if "from" in entries else ""
        return str(self._values.of(entries["name"], lenient=True))

    def _validated(self, model: type[Model], values: Any, root: Branch) -> Model | None:
        try:
            return model.model_validate(values, by_alias=True, by_name=False, context=PEOPLE)
        except ValidationError as error:
            for refusal in refusals_of(error, model):
                place, tree = located(root, refusal.loc, of_key=refusal.of_key)
                # What a variable without a value would have given cannot be judged.
                judged = isinstance(tree, Leaf) or refusal.of_values
                if not (judged and self._values.is_unresolved(tree)):
                    self._problems.append(place.problem(refusal.message, refusal.hint))
        return None

    def _stop_at_problems(self) -> None:
        if self._problems:
            raise FleetFileError(_in_order(self._problems))


def _scheduled(root: Branch) -> dict[str, Place]:
    """Return the testers that schedules name."""
    schedule = root.entries.get("schedule")
    entries = schedule.items if isinstance(schedule, Row) else []
    lists = [entry.entries.get("testers") for entry in entries if isinstance(entry, Branch)]
    return {
        item.text: item.place
        for row in lists
        if isinstance(row, Row)
        for item in row.items
        if isinstance(item, Leaf)
    }


def _named_schedules(root: Branch) -> list[tuple[str, Tree]]:
    schedule = root.entries.get("schedule")
    entries = schedule.items if isinstance(schedule, Row) else []
    named = [(item.entries.get("name"), item) for item in entries if isinstance(item, Branch)]
    return [(name.text, item) for name, item in named if isinstance(name, Leaf)]


def _doubles(kind: str, named: list[tuple[str, Tree]]) -> Iterator[Problem]:
    first: dict[str, Place] = {}
    for name, item in named:
        place = located(item, ("name",))[0]
        if name and name in first:
            yield place.problem(f"two {kind}s are called `{name}`", f"the first is {first[name]}")
        elif name:
            first[name] = place


def _in_order(problems: Iterable[Problem]) -> list[Problem]:
    """Return each problem once, file by file and from top to bottom."""
    unique = dict.fromkeys(problems)
    return sorted(unique, key=lambda problem: (problem.file, problem.line or 0, problem.column or 0))
