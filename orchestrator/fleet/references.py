"""`${VAR}` in texts."""

import re
from collections.abc import Mapping

_MARK = re.compile(r"\$\$|\$\{([^}]*)\}|\$\{", re.ASCII)
_NAME = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(?:(:-)(.*))?", re.ASCII | re.DOTALL)


class BadReference(ValueError):
    """A `${…}` that has no value; `hint` says what to do."""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


def interpolated(text: str, environment: Mapping[str, str]) -> str:
    """Return `text` with `${VAR}` and `${VAR:-default}` replaced and `$$` as `$`.

    A default counts where the variable is unset or empty. A `$` before anything else is a `$`.
    Raise `BadReference` for a variable that is not set and for a reference that cannot be read.
    """
    if "$" not in text:
        return text

    def value(match: re.Match[str]) -> str:
        if match.group() == "$$":
            return "$"
        if match.group(1) is None:
            raise BadReference(f"`{text}` has a `${{` without its `}}`", hint="write `$$` for a `$`")
        parts = _NAME.fullmatch(match.group(1))
        if parts is None:
            raise BadReference(
                f"`{match.group()}` is not a variable", hint="write `${NAME}` or `${NAME:-default}`"
            )
        name, has_default, default = parts.groups()
        found = environment.get(name)
        if has_default:
            return found or str(default)
        if found is None:
            raise BadReference(
                f"variable `{name}` is not set", hint=f"set it, or write `${{{name}:-default}}`"
            )
        return found

    return _MARK.sub(value, text)


def refers(text: str) -> bool:
    """Return whether `text` holds a `${VAR}` that is not escaped."""
    return "${" in text and any(match.group() != "$$" for match in _MARK.finditer(text))


def names_in(text: str) -> list[str]:
    """Return the variables that `text` refers to."""
    found = (_NAME.fullmatch(match.group(1)) for match in _MARK.finditer(text) if match.group(1))
    return [parts.group(1) for parts in found if parts is not None]


def is_only_a_reference(text: str) -> bool:
    """Return whether `text` is a `${VAR}` and nothing else, not even a default."""
    match = _MARK.fullmatch(text)
    return match is not None and match.group(1) is not None and ":-" not in match.group(1)


def escaped(text: str) -> str:
    """Return a text from which `interpolated` gives `text` again."""
    return text.replace("$", "$$") if "$$" in text or "${" in text else text
