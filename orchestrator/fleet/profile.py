"""The variant of a fleet that a profile asks for."""

from collections.abc import Collection
from dataclasses import dataclass, field

from orchestrator.errors import Problem
from orchestrator.fleet.nearest import did_you_mean
from orchestrator.fleet.tree import Branch, Leaf, Place, Row, Tree, merged
from orchestrator.fleet.values import Values


@dataclass(frozen=True, kw_only=True)
class Variant:
    """A fleet's tree with one profile merged over it.

    `only_testers` and `only_servers` are names that select, with the place of each; None selects all.
    `probe` goes over the probe of every tester.
    """

    root: Branch
    only_testers: dict[str, Place] | None = None
    only_servers: dict[str, Place] | None = None
    probe: Tree | None = None
    problems: list[Problem] = field(default_factory=list)


def variant_of(root: Branch, name: str | None, *, values: Values, file: str) -> Variant:
    """Return the fleet as the profile `name` wants it, as it stands where `name` is None."""
    profiles = root.entries.get("profiles")
    if name is None:
        return Variant(root=root)
    known = profiles.entries if isinstance(profiles, Branch) else {}
    chosen = known.get(name)
    if chosen is None:
        hint = did_you_mean(name, known) or (f"it has {', '.join(sorted(known))}" if known else None)
        problem = Problem(file=file, message=f"no profile `{name}`", hint=hint)
        return Variant(root=root, problems=[problem])
    if not isinstance(chosen, Branch):
        return Variant(root=root)
    whole = merged(root, chosen.without("testers", "servers", "probe"))
    selected: dict[str, dict[str, Place] | None] = {}
    for key in ("testers", "servers"):
        part = chosen.entries.get(key)
        selected[key] = _names(part, values)
        if part is not None and selected[key] is None:
            whole.entries[key] = part
    return Variant(
        root=whole,
        only_testers=selected["testers"],
        only_servers=selected["servers"],
        probe=chosen.entries.get("probe"),
    )


def unknown_names(only: dict[str, Place] | None, known: Collection[str], *, kind: str) -> list[Problem]:
    """Return a problem for each selecting name that nothing has."""
    return [
        place.problem(f"no {kind} `{name}` in this fleet", did_you_mean(name, known))
        for name, place in (only or {}).items()
        if name not in known
    ]


def _names(tree: Tree | None, values: Values) -> dict[str, Place] | None:
    """Return the names in a list of names, None for anything else."""
    if not isinstance(tree, Row) or not all(isinstance(item, Leaf) for item in tree.items):
        return None
    return {str(values.of(item, lenient=True)): item.place for item in tree.items}
