"""One tree for each tester: templates, defaults, regions and counts are carried out."""

from collections.abc import Iterator
from dataclasses import dataclass

from orchestrator.errors import Problem
from orchestrator.fleet.nearest import did_you_mean
from orchestrator.fleet.tree import Branch, Leaf, Place, Row, Tree, merged
from orchestrator.fleet.values import Values


@dataclass(frozen=True, kw_only=True, slots=True)
class ExpandedTester:
    """A tester's own tree; `entry_name` is the name in the file, of which it may be one of several."""

    name: str
    entry_name: str
    place: Place
    tree: Branch


class Expansion:
    """Expands the testers of a file; `problems` holds what went wrong.

    It runs on trees that may hold other mistakes, so that all of them can be told at once.
    """

    def __init__(self, root: Branch, values: Values, *, probe: Tree | None = None) -> None:
        self._values = values
        templates = root.entries.get("templates")
        self._templates = templates.entries if isinstance(templates, Branch) else {}
        self._defaults = root.entries.get("defaults")
        self._testers = root.entries.get("testers")
        self._probe = probe
        self._grounds: dict[tuple[str, ...], Branch | None] = {}
        self.problems: list[Problem] = []

    def testers(self) -> list[ExpandedTester]:
        """Return every tester of the file."""
        if not isinstance(self._testers, Row):
            return []
        return [
            one for entry in self._testers.items if isinstance(entry, Branch) for one in self._made(entry)
        ]

    def _made(self, entry: Branch) -> Iterator[ExpandedTester]:
        whole = entry
        ground = self._ground(entry)
        if ground is not None:
            whole = merged(ground, entry)
        if isinstance(self._probe, Branch):
            whole = merged(whole, Branch({"probe": self._probe}, marks={}, file=entry.file, mark=entry.mark))
        name = self._text(entry.entries.get("name")) or ""
        named = entry.entries["name"].place if name else entry.place
        whole = whole.without("use", "count")
        for region_name, tree in self._by_region(name, whole):
            for full_name in self._counted(region_name, entry):
                if full_name != name:
                    tree = merged(tree, _branch(tree, name=full_name))
                yield ExpandedTester(name=full_name, entry_name=name, place=named, tree=tree)

    def _by_region(self, name: str, tree: Branch) -> Iterator[tuple[str, Branch]]:
        regions = tree.entries.get("regions")
        if not isinstance(regions, Row):
            yield name, tree
            return
        driver = self._text(tree.entries.get("driver"))
        for item in regions.items:
            region = self._text(item) or ""
            own = merged(tree.without("regions"), _branch(item, location=_branch(item, region=region)))
            if driver == "amazonec2":
                # The driver's own option says where the host is made; one that is written wins.
                own = merged(_branch(item, options=_branch(item, **{"amazonec2-region": region})), own)
            yield f"{name}-{region}", own

    def _counted(self, name: str, entry: Branch) -> list[str]:
        count = entry.entries.get("count")
        number = self._values.of(count, lenient=True) if isinstance(count, Leaf) else None
        if not isinstance(number, int) or isinstance(number, bool) or not 1 <= number <= 1_000:
            return [name]
        return [f"{name}-{position}" for position in range(1, number + 1)]

    def _ground(self, entry: Branch) -> Branch | None:
        """Return what stands under an entry: the defaults, and over them the templates that it uses."""
        use = entry.entries.get("use")
        names = tuple(text for _, text in self._uses(use))
        if names not in self._grounds or not self._known(names):
            ground = self._defaults if isinstance(self._defaults, Branch) else None
            for template in self._templates_of(use, chain=()):
                ground = template if ground is None else merged(ground, template)
            self._grounds[names] = ground
        return self._grounds[names]

    def _known(self, names: tuple[str, ...]) -> bool:
        return all(name in self._templates for name in names)

    def _templates_of(self, use: Tree | None, *, chain: tuple[str, ...]) -> Iterator[Branch]:
        for place, name in self._uses(use):
            template = self._templates.get(name)
            if template is None:
                hint = did_you_mean(name, self._templates)
                self.problems.append(place.problem(f"unknown template `{name}`", hint))
            elif name in chain:
                circle = " → ".join([*chain[chain.index(name) :], name])
                self.problems.append(place.problem(f"templates go in a circle: {circle}"))
            elif isinstance(template, Branch):
                yield from self._templates_of(template.entries.get("use"), chain=(*chain, name))
                yield template.without("use")

    def _uses(self, use: Tree | None) -> Iterator[tuple[Place, str]]:
        items = use.items if isinstance(use, Row) else [] if use is None else [use]
        for item in items:
            text = self._text(item)
            if text is not None:
                yield item.place, text

    def _text(self, tree: Tree | None) -> str | None:
        value = self._values.of(tree, lenient=True) if isinstance(tree, Leaf) else None
        return value if isinstance(value, str) else None


def doubles(testers: list[ExpandedTester]) -> Iterator[Problem]:
    """Yield a problem for each name that a tester has after another one."""
    first: dict[str, Place] = {}
    for tester in testers:
        if not tester.entry_name:
            continue
        if tester.name in first:
            yield tester.place.problem(
                f"two testers are called `{tester.name}`", f"the first is {first[tester.name]}"
            )
        else:
            first[tester.name] = tester.place


def _branch(at: Tree, **entries: "Tree | str") -> Branch:
    """Return a mapping that nobody wrote, as if it stood where `at` stands."""
    trees: dict[str, Tree] = {
        key: Leaf(value, plain=False, file=at.file, mark=at.mark) if isinstance(value, str) else value
        for key, value in entries.items()
    }
    return Branch(trees, marks={}, file=at.file, mark=at.mark)
