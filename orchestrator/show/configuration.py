"""The configuration that holds, for people: parts, then key, value and origin, however narrow it is."""

import json
import re
from collections.abc import Iterator, Sequence
from textwrap import TextWrapper, wrap
from typing import Any

from orchestrator.act.configuration import Setting
from orchestrator.fleet.origins import Origin
from orchestrator.show.escapes import shown, width_of

GAP = 2
LONGEST_KEY = 34
LONGEST_ORIGIN = 28
LEAST_VALUE = 12
TESTER, SERVER = "tester ", "server "
ALL_TESTERS = "all testers"
WHERE_SILENT = "testers, where nothing else is said"


class _Wrapper(TextWrapper):
    """Cuts paths behind a slash, too, before it cuts them anywhere."""

    wordsep_simple_re = re.compile(r"([ \t\n]+|(?<=/))")


def configuration_text(settings: Sequence[Setting], *, width: int) -> str:
    """Return the configuration as lines of at most `width` columns.

    Testers of the same configuration stand together, and what nobody set for them once for all.
    """
    lines: list[str] = []
    for title, rows in _parts(settings):
        lines += ["", *wrap(shown(title), width, subsequent_indent="  ")] if lines else [shown(title)]
        lines += _lines(rows, width=width)
    return "\n".join(lines) + "\n"


def configuration_data(settings: Sequence[Setting], *, fleet: str, source: str) -> dict[str, Any]:
    """Return the whole configuration as JSON: each value of each tester, those that nobody set too."""
    return {"fleet": fleet, "source": source, "settings": [setting.to_dict() for setting in settings]}


def origin_text(origin: Origin) -> str:
    """Return where a value comes from, in a few words."""
    if origin.kind == "variable":
        return str(origin.name)
    if origin.kind == "secret_file":
        return f"{origin.name}: {origin.file}"
    if origin.kind == "table":
        return "testers table" + (f", row {origin.name}" if origin.name else "")
    if origin.kind == "account":
        return "the account's regions"
    if origin.file is None:
        return origin.kind
    place = f"{origin.file}:{origin.line}"
    part = {"template": f"template {origin.name}", "profile": f"profile {origin.name}"}.get(origin.kind)
    part = "defaults" if origin.kind == "defaults" else part
    return ", ".join([place, *([part] if part else []), *origin.variables])


Row = tuple[str, str, str]


def _parts(settings: Sequence[Setting]) -> Iterator[tuple[str, list[Row]]]:
    parts: dict[str, list[Setting]] = {}
    for setting in settings:
        parts.setdefault(setting.part, []).append(setting)
    alike: dict[tuple[Row, ...], list[str]] = {}
    silent: dict[Row, None] = {}
    servers: list[Row] = []
    rest: list[tuple[str, list[Row]]] = []
    for part, own in parts.items():
        if part.startswith(TESTER):
            told = [setting for setting in own if setting.key != "name"]
            silent |= {_row(setting): None for setting in told if setting.origin.kind == "default"}
            said = tuple(_row(setting) for setting in told if setting.origin.kind != "default")
            alike.setdefault(said, []).append(part.removeprefix(TESTER))
        elif part.startswith(SERVER):
            name = part.removeprefix(SERVER)
            servers += [
                _row(setting, key=name if setting.key == "host" else f"{name} {setting.key}")
                for setting in own
                if setting.key != "name"
            ]
        else:
            rest.append((part, [_row(setting) for setting in own]))
    yield from rest[:-1]
    shared = [row for row in next(iter(alike), ()) if all(row in said for said in alike)]
    if len(alike) > 1 and shared:
        yield ALL_TESTERS, shared
    for said, names in alike.items():
        own_rows = [row for row in said if len(alike) == 1 or row not in shared]
        yield f"{'tester' if len(names) == 1 else f'{len(names)} testers:'} {', '.join(names)}", own_rows
    if silent:
        yield WHERE_SILENT, list(silent)
    if servers:
        yield "servers", servers
    yield from rest[-1:]


def _row(setting: Setting, *, key: str | None = None) -> Row:
    value = setting.value
    if isinstance(value, list):
        text = ", ".join(str(item) for item in value)
    else:
        text = value if isinstance(value, str) else json.dumps(value)
    return setting.key if key is None else key, text, origin_text(setting.origin)


def _lines(rows: Sequence[Row], *, width: int) -> Iterator[str]:
    if not rows:
        return
    texts = [tuple(shown(text) for text in row) for row in rows]
    keys = min(max(width_of(row[0]) for row in texts), LONGEST_KEY)
    origins = min(max(width_of(row[2]) for row in texts), LONGEST_ORIGIN)
    room = max(width - keys - origins - 3 * GAP, LEAST_VALUE)
    values = max((width_of(row[1]) for row in texts if width_of(row[1]) <= room), default=LEAST_VALUE)
    for key, value, origin in texts:
        is_long = width_of(value) > values
        columns = [
            _Wrapper(width=room, break_on_hyphens=False).wrap(text) or [""]
            for text, room in ((key, keys), ("" if is_long else value, values), (origin, origins))
        ]
        for number in range(max(len(column) for column in columns)):
            one, two, three = (column[number] if number < len(column) else "" for column in columns)
            yield f"  {one:{keys}}  {two:{values}}  {three}".rstrip()
        if is_long:
            yield from (f"      {line}" for line in wrap(value, width - 6, break_on_hyphens=False))
