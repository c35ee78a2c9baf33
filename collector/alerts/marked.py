"""A YAML document whose parts know their line and column."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

import yaml

from collector.errors import Problem

LARGEST = 2**20
VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
DURATION = re.compile(r"(\d{1,6}(?:\.\d+)?) ?(ms|s|m|h)", re.ASCII)
UNITS_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3_600.0}


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """A file while it is read: what is asked of its parts, every problem on the way, every open secret."""

    file: str
    environment: Mapping[str, str]
    problems: list[Problem] = field(default_factory=list)
    open_secrets: list[str] = field(default_factory=list)

    def root(self, text: str) -> yaml.Node | None:
        """Return the document, None where it is no YAML; raise nothing."""
        try:
            if len(text) > LARGEST:
                raise yaml.YAMLError(f"more than {LARGEST} characters")
            for event in yaml.parse(text, Loader=yaml.SafeLoader):
                if isinstance(event, yaml.AliasEvent):
                    # What refers to itself could grow without an end.
                    self._refuse_at(event.start_mark, "aliases are not taken")
                    return None
            return yaml.compose(text, Loader=yaml.SafeLoader)
        except yaml.MarkedYAMLError as error:
            self._refuse_at(error.problem_mark or error.context_mark, error.problem or "not YAML")
        except (yaml.YAMLError, RecursionError) as error:
            self._refuse_at(None, f"not YAML: {_first_line(error)}")
        return None

    def refuse(self, node: yaml.Node, message: str, *, hint: str | None = None) -> None:
        """Write down what is wrong with a part."""
        self._refuse_at(node.start_mark, message, hint=hint)

    def _refuse_at(self, mark: Any, message: str, *, hint: str | None = None) -> None:
        # A part that is not there has no mark: the file as a whole.
        line, column = (1, 1) if mark is None else (mark.line + 1, mark.column + 1)
        self.problems.append(Problem(file=self.file, line=line, column=column, message=message, hint=hint))

    def entries(
        self, node: yaml.Node | None, *, of: str, known: Iterable[str], needed: Iterable[str] = ()
    ) -> dict[str, yaml.Node]:
        """Return the entries of a mapping; keys that are unknown, missing or there twice are problems."""
        found: dict[str, yaml.Node] = {}
        if node is None:
            return found
        if not isinstance(node, yaml.MappingNode):
            self.refuse(node, f"{of} must be a mapping")
            return found
        names = list(known)
        for key, value in node.value:
            name = key.value if isinstance(key, yaml.ScalarNode) else ""
            if name not in names:
                close = get_close_matches(name.lower(), names, n=1)
                hint = f"did you mean `{close[0]}`?" if close else f"known are {', '.join(names)}"
                self.refuse(key, f"{of} has no `{name}`", hint=hint)
            elif name in found:
                self.refuse(key, f"`{name}` is there twice")
            else:
                found[name] = value
        for name in needed:
            if name not in found:
                self.refuse(node, f"{of} lacks `{name}`")
        return found

    def items(self, node: yaml.Node | None, *, of: str) -> list[yaml.Node]:
        """Return the items of a list."""
        if node is None:
            return []
        if not isinstance(node, yaml.SequenceNode):
            self.refuse(node, f"`{of}` must be a list")
            return []
        return list(node.value)

    def text(self, node: yaml.Node | None, *, of: str) -> str | None:
        """Return a text that is not empty, None with a problem where it is none."""
        if node is None:
            return None
        if not isinstance(node, yaml.ScalarNode) or not node.value.strip() or "\0" in node.value:
            self.refuse(node, f"`{of}` must be a text")
            return None
        return str(node.value)

    def texts(self, node: yaml.Node | None, *, of: str) -> tuple[str, ...]:
        """Return a list of texts, which may be a single one."""
        if isinstance(node, yaml.ScalarNode):
            one = self.text(node, of=of)
            return () if one is None else (one,)
        found = [self.text(item, of=of) for item in self.items(node, of=of)]
        if node is not None and not found:
            self.refuse(node, f"`{of}` is empty")
        return tuple(one for one in found if one is not None)

    def choice(self, node: yaml.Node, *, of: str, known: Iterable[str]) -> str | None:
        """Return one of several words."""
        word = self.text(node, of=of)
        names = list(known)
        if word is None or word in names:
            return word
        close = get_close_matches(word.lower(), names, n=1)
        hint = f"did you mean `{close[0]}`?" if close else f"known are {', '.join(names)}"
        self.refuse(node, f"`{of}` cannot be `{word}`", hint=hint)
        return None

    def choices(self, node: yaml.Node | None, *, of: str, known: Iterable[str]) -> tuple[str, ...]:
        """Return some of several words, which may be a single one."""
        if node is None:
            return ()
        single = isinstance(node, yaml.ScalarNode)
        parts = [node] if single else self.items(node, of=of)
        if not single and isinstance(node, yaml.SequenceNode) and not parts:
            self.refuse(node, f"`{of}` is empty")
        found = [self.choice(part, of=of, known=known) for part in parts]
        return tuple(dict.fromkeys(one for one in found if one is not None))

    def flag(self, node: yaml.Node | None, *, of: str) -> bool:
        """Return whether something is true; what is not there is not."""
        return node is not None and self.choice(node, of=of, known=("true", "false")) == "true"

    def seconds(self, node: yaml.Node | None, *, of: str, default: float, most: float) -> float:
        """Return a duration such as 500ms, 10s or 2m in seconds."""
        text = self.text(node, of=of)
        if node is None or text is None:
            return default
        match = DURATION.fullmatch(text.strip())
        seconds = 0.0 if match is None else float(match[1]) * UNITS_S[match[2]]
        if not 0 < seconds <= most:
            self.refuse(node, f"`{of}` must be a time up to {most:.0f}s such as 10s, it is `{text}`")
            return default
        return seconds

    def with_variables(self, node: yaml.Node | None, *, of: str) -> str | None:
        """Return a text with what `${NAME}` says in the environment."""
        text = self.text(node, of=of)
        if node is None or text is None:
            return None
        missing = [name for name in VARIABLE.findall(text) if not self.environment.get(name, "").strip()]
        for name in missing:
            self.refuse(node, f"`{of}` needs the variable {name}, which is not set")
        return None if missing else VARIABLE.sub(lambda match: self.environment[match[1]].strip(), text)


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
