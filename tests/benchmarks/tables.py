"""Writes the figures of a run into README.md and docs/benchmarks.md: `python -m tests.benchmarks.tables`.

A run's figures lie in docs/benchmarks.json; `--from artefacts/bench.json` takes the last run's first.
"""

import argparse
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
KEPT = ROOT / "docs" / "benchmarks.json"
FULL = ROOT / "docs" / "benchmarks.md"
README = ROOT / "README.md"
BEGIN, END = "<!-- figures of docs/benchmarks.json -->\n", "<!-- end of figures -->\n"
SHOWN_BY_NAME = (
    "CPU per probe, 10,000 targets, full speed",
    "CPU per probe, 50,000 targets, full speed",
    "CPU per probe, 10,000 targets, 20,000/s",
    "memory, 50,000 targets, full speed",
    "bias, 100 targets, idle",
    "p99 error, 100 targets, idle",
    "p99 error, 10,000 targets, 2 CPU hogs",
)
"""The lines of README.md; all others stand in docs/benchmarks.md."""


def readme_with(text: str, figures: dict[str, Any]) -> str:
    """Return README.md with the table of these figures."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    table = _table(line for line in _ping(figures) if _is_shown(line))
    where = f"{_where(figures, 'ping')} All of it: [docs/benchmarks.md](docs/benchmarks.md)."
    return f"{before}{BEGIN}{table}\n{where}\n{END}{after}"


def _is_shown(line: dict[str, Any]) -> bool:
    return line["name"] in SHOWN_BY_NAME and line["peer_name"] == "fping"


def full(figures: dict[str, Any]) -> str:
    """Return docs/benchmarks.md."""
    parts = [
        f"## {part}\n\n{_where(figures, part)}\n\n{_table(lines)}\n"
        for part, lines in figures["parts"].items()
    ]
    words = (
        "Written by `python -m tests.benchmarks.tables` from the figures of `make bench`:"
        " each line is ours beside a peer in the same run."
        "\n`make bench PART=collector` makes a history of 5 million rows;"
        " `BENCH_ROWS=100000000 make bench PART=collector`"
        " one of any other length, which takes about 250 bytes of disk a row below TMPDIR."
    )
    return f"# Benchmarks\n\n{words}\n\n" + "\n".join(parts)


def _ping(figures: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = figures["parts"].get("ping", [])
    return found


def _where(figures: dict[str, Any], part: str) -> str:
    at = figures.get("measured", {}).get(part, figures["at"])[:10]
    note = figures.get("notes", {}).get(part, "")
    return f"Measured {at} on {figures['machine']}, Python {figures['python']}.{' ' if note else ''}{note}"


def _table(lines: Iterable[dict[str, Any]]) -> str:
    rows = ["| what | ours | peer | ratio | goal |", "| --- | ---: | ---: | ---: | --- |"]
    for line in lines:
        ratio = "" if line["ratio"] is None else f"{line['ratio']:.2f}"
        goal = f"{line['goal']}{', missed' if line['missed'] else ''}"
        ours, peer = (f"{_figure(line[name])} {line['unit']}" for name in ("ours", "peer"))
        rows.append(f"| {line['name']} | {ours} | {line['peer_name']} {peer} | {ratio} | {goal} |")
    return "\n".join(rows) + "\n"


def _figure(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.3g}"


def main(arguments: list[str]) -> int:
    """Write the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--from", dest="source", type=Path)
    source = parser.parse_args(arguments).source
    if source is not None:
        new = json.loads(source.read_text(encoding="utf-8"))
        old = json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() else {"parts": {}}
        # Parts are measured on different days; what is said of one ends with its figures.
        measured = old.get("measured") or dict.fromkeys(old["parts"], old.get("at"))
        new["measured"] = measured | dict.fromkeys(new["parts"], new["at"])
        kept = {part: note for part, note in old.get("notes", {}).items() if part not in new["parts"]}
        new["notes"] = kept | new.get("notes", {})
        new["parts"] = old["parts"] | new["parts"]
        KEPT.write_text(json.dumps(new, indent=1) + "\n", encoding="utf-8")
    figures = json.loads(KEPT.read_text(encoding="utf-8"))
    FULL.write_text(full(figures), encoding="utf-8")
    README.write_text(readme_with(README.read_text(encoding="utf-8"), figures), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
