"""Two sweeps side by side."""

from typing import Any

from orchestrator.show.answer import Answer, Cell, Column, Table, Tone
from orchestrator.show.figures import NOTHING, change_text, loss_cell, ms_text, quantile_cell, time_text

TOP_PATHS = 10
MOST_NAMED = 3
STANDS = "*"
COLUMNS = (
    Column(title="A p50 ms", is_number=True),
    Column(title="B p50 ms", is_number=True),
    Column(title="change %", is_number=True),
    Column(title="95 % CI", is_number=True, extra=1),
    Column(title="change ms", is_number=True, extra=2),
    Column(title="95 % CI ms", is_number=True, extra=4),
    Column(title="A loss %", is_number=True, extra=3),
    Column(title="B loss %", is_number=True),
    Column(title="paths", is_number=True, extra=5),
    Column(title="A n", is_number=True, extra=6),
    Column(title="B n", is_number=True, extra=6),
)
SCOPES = (("regions", "REGION"), ("servers", "SERVER"), ("paths", "PATH"))
SIDE = ("n", "answered", "p50_us", "p50_note", "loss_ratio", "loss_low", "loss_high")
CHANGE = (
    "change_ratio",
    "change_ratio_low",
    "change_ratio_high",
    "change_us",
    "change_us_low",
    "change_us_high",
    "change_loss",
    "change_loss_low",
    "change_loss_high",
    "stands",
    "is_lost",
    "note",
    "by_items",
    "path_count",
    "lost_count",
)


def diff_answer(diff: dict[str, Any]) -> Answer:
    """Return the answer to "what changed from sweep A to sweep B?"."""
    tables = tuple(_table(title, diff[name], top=name == "paths") for name, title in SCOPES if diff[name])
    return Answer(
        title=f"Two sweeps of fleet {diff.get('fleet') or ''} compared",
        sentence=_sentence(diff),
        tables=tables,
        notes=tuple(_notes(diff)),
        records=tuple(_records(diff)),
        data=diff,
    )


def _sentence(diff: dict[str, Any]) -> str:
    if diff["all_paths"] is None:
        return str(diff.get("hint") or "the two sweeps have no path in common")
    regions, servers = diff["regions"], diff["servers"]
    lost = [change for change in regions if change["is_lost"]]
    if lost:
        more = f" and {len(lost) - 1} more" if len(lost) > 1 else ""
        return f"lost in B: {lost[0]['label']}{more}; {_common(diff)}"
    moved = [change for change in (*regions, *servers) if change["stands"] and _grew(change)]
    if moved:
        worst = max(moved, key=lambda change: float(change["change_ratio"]))
        more = f"; {len(moved) - 1} more grew" if len(moved) > 1 else ""
        return f"{worst['scope']} {worst['label']} grew: p50 {_change_words(worst)}{more}; {_common(diff)}"
    fell = [change for change in regions if change["stands"]]
    if fell:
        best = min(fell, key=lambda change: float(change["change_ratio"]))
        return f"no region grew; {best['label']} fell: p50 {_change_words(best)}; {_common(diff)}"
    if all(change["change_ratio"] is None for change in regions):
        return f"no region has enough probes in both sweeps to compare ({len(regions)} regions)"
    return f"no region and no server changed by more than chance; {_common(diff)}"


def _common(diff: dict[str, Any]) -> str:
    common, paths = diff["all_paths"], len(diff["paths"])
    figure = "" if common["change_ratio"] is None else f"all paths {_change_words(common)}, "
    return f"{figure}{paths} path{'' if paths == 1 else 's'} compared"


def _change_words(change: dict[str, Any]) -> str:
    return f"{change_text(change['change_ratio'])} % (CI {_interval(change)})"


def _grew(change: dict[str, Any]) -> bool:
    return change["change_ratio"] is not None and change["change_ratio"] > 0


def _table(title: str, changes: list[dict[str, Any]], *, top: bool) -> Table:
    rows = tuple((Cell(text=change["label"]), *_cells(change)) for change in changes)
    return Table(title="", columns=(Column(title=title), *COLUMNS), rows=rows, top=TOP_PATHS if top else None)


def _cells(change: dict[str, Any]) -> tuple[Cell, ...]:
    before, after = change["before"], change["after"]
    return (
        quantile_cell(before["p50_us"], before["p50_note"]),
        quantile_cell(after["p50_us"], after["p50_note"]),
        _change_cell(change),
        Cell(text=_interval(change)),
        Cell(text=_signed_ms(change["change_us"])),
        Cell(text=_interval_ms(change)),
        loss_cell(before["loss_ratio"]),
        loss_cell(after["loss_ratio"]),
        Cell(text=str(change["path_count"])),
        Cell(text=str(before["n"])),
        Cell(text=str(after["n"])),
    )


def _change_cell(change: dict[str, Any]) -> Cell:
    if change["change_ratio"] is None:
        note = str(change["note"] or NOTHING).replace("_", " ")
        return Cell(text=note, tone=Tone.BAD if change["note"] == "lost" else Tone.FAINT)
    if not change["stands"]:
        return Cell(text=change_text(change["change_ratio"]))
    tone = Tone.BAD if _grew(change) else Tone.PLAIN
    return Cell(text=change_text(change["change_ratio"]) + STANDS, tone=tone)


def _interval(change: dict[str, Any]) -> str:
    low, high = change["change_ratio_low"], change["change_ratio_high"]
    if low is None and high is None:
        return NOTHING
    return f"{'−∞' if low is None else change_text(low)}…{'∞' if high is None else change_text(high)}"


def _interval_ms(change: dict[str, Any]) -> str:
    low, high = change["change_us_low"], change["change_us_high"]
    if low is None and high is None:
        return NOTHING
    return f"{'−∞' if low is None else _signed_ms(low)}…{'∞' if high is None else _signed_ms(high)}"


def _signed_ms(us: float | None) -> str:
    return NOTHING if us is None else ("−" if us < 0 else "+") + ms_text(abs(us))


def _notes(diff: dict[str, Any]) -> list[str]:
    notes = [f"{name}: {_side(diff[side])}" for name, side in (("A", "before"), ("B", "after"))]
    changes = [change for name, _ in SCOPES for change in diff[name]]
    if any(change["stands"] for change in changes):
        rate = diff.get("false_discovery_ratio", 0.1)
        notes.append(f"{STANDS}: changed by more than chance, at a false discovery rate of {100 * rate:g} %")
    if changes and not diff["is_split"]:
        notes.append(
            "regions and servers are not told apart: that needs three regions that see the same servers"
        )
    if any(not change["by_items"] for change in diff["regions"] if not change["is_lost"]):
        notes.append("regions of few servers have an interval by the probes of their paths")
    for name, side in (("A", "before"), ("B", "after")):
        paths, count = diff[f"only_{side}"][:MOST_NAMED], diff[f"only_{side}_count"]
        if count:
            names = ", ".join(f"{path['tester']} → {path['server']} ({path['address']})" for path in paths)
            more = f" and {count - len(paths)} more" if count > len(paths) else ""
            notes.append(f"only in {name}, not compared: {names}{more}")
    return notes


def _side(side: dict[str, Any]) -> str:
    count, left_out = side["run_count"], side["left_out_count"]
    runs = f"{count} run{'' if count == 1 else 's'}"
    when = "" if side["since"] is None else f", {time_text(side['since'])} to {time_text(side['until'])} UTC"
    return f"sweep {side['sweep_id']}, {runs}{when}" + (
        f"; {left_out} left out, not trusted" if left_out else ""
    )


def _records(diff: dict[str, Any]) -> list[dict[str, Any]]:
    scopes = [("all_paths", [diff["all_paths"]] if diff["all_paths"] else [])]
    scopes += [(name, diff[name]) for name, _ in SCOPES]
    return [
        {name: change[name] for name in ("scope", "label", "region", "tester", "server", "address")}
        | {name: change[name] for name in CHANGE}
        | {f"{side}_{name}": change[side][name] for side in ("before", "after") for name in SIDE}
        for _, changes in scopes
        for change in changes
    ]
