"""Slow regions: the verdicts, and a ranking."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from orchestrator.findings.fail_on import STRUCTURAL_RATIO
from orchestrator.show.answer import Answer, Cell, Column, Table, Tone
from orchestrator.show.figures import (
    change_text,
    count_text,
    interval_text,
    loss_cell,
    ms_text,
    nothing_text,
    percent_text,
    quantile_cell,
    ratio_text,
    time_text,
)
from orchestrator.show.sparks import trend_line

TOP_PATHS = 10

FIGURES = (
    Column(title="p50 ms", is_number=True),
    Column(title="p95 ms", is_number=True),
    Column(title="loss %", is_number=True),
    Column(title="95 % CI", is_number=True, extra=2),
    Column(title="n", is_number=True),
    Column(title="best ms", is_number=True, extra=1),
    Column(title="× floor", is_number=True),
)
NAMES = ("n", "answered", "p50_us", "p50_note", "p95_us", "p95_note")
VERDICT = ("verdict", "verdict_since", "change_ratio", "change_low", "change_high", "change_us", "sentence")
BAD = ("slow", "lossy", "lost")
NOTABLE = (*BAD, "watch", "recovered", "moved", "untrusted")
TOP_SENTENCES = 10
NOTHING_TO_SHOW = 9
REST = ("loss_ratio", "loss_low", "loss_high", "best_us", "floor_ratio", "floor_flag")


def slow_answer(
    slow: dict[str, Any], *, trends: Mapping[str, Sequence[float | None]] | None = None
) -> Answer:
    """Return the answer to "which regions are slow?", with the change of each region's last rounds."""
    regions, paths = slow["regions"], slow["paths"]
    by_usual = slow["by"] == "baseline"
    tables = []
    if regions:
        tables.append(_regions(regions, trends=trends or {}, by_usual=by_usual))
    if paths:
        tables.append(_paths(paths, by_usual=by_usual))
    return Answer(
        title=f"Slow regions of fleet {slow.get('fleet') or ''}".strip(),
        sentence=_sentence(slow),
        tables=tuple(tables),
        notes=tuple(_notes(slow)),
        records=tuple(_records(slow)),
        data=slow,
    )


def _sentence(slow: dict[str, Any]) -> str:
    label = slow.get("by_label") or f"ranked by {slow['by']}"
    if not slow["regions"]:
        return nothing_text(slow)
    bad = [item for item in (*slow["regions"], *slow["paths"]) if item.get("verdict") in BAD]
    if bad:
        more = f"; and {len(bad) - 1} more" if len(bad) > 1 else ""
        return f"{bad[0]['sentence']}{more}"
    first = slow["regions"][0]
    name, probes = first["region"], f"over {first['n']} probes"
    if not first["n"]:
        return f"no region has a figure ({label})"
    if first["answered"] == 0:
        found = f"{name}, no answer in time {probes}"
    elif slow["by"] == "loss":
        if not first["loss_ratio"]:
            return f"no probe of {first['n']} was lost in any region ({label})"
        lost, limits = percent_text(first["loss_ratio"]), interval_text(first["loss_low"], first["loss_high"])
        found = f"{name}, {lost} % ({limits} %) of {first['n']} probes lost"
    elif slow["by"] == "floor":
        if first["floor_ratio"] is None:
            return f"no region has locations to hold its RTT against ({label})"
        found = f"{name}, best RTT {ratio_text(first['floor_ratio'])} × the distance floor {probes}"
    elif slow["by"] == "baseline":
        if first["usual_ratio"] is None:
            return f"no region has a baseline yet ({label})"
        found = f"{name}, p50 {change_text(first['usual_ratio'])} % over its usual, {probes}"
    else:
        by = slow["by"]
        figure, note = first[f"{by}_us"], first[f"{by}_note"]
        if figure is None and note != "lost":
            return f"no region has enough probes for a {by} ({label})"
        found = f"{name}, {by} {'lost' if figure is None else ms_text(figure) + ' ms'} {probes}"
    return f"slowest region: {found} ({label})"


def _figures(item: dict[str, Any]) -> tuple[Cell, ...]:
    ratio = item.get("floor_ratio")
    flagged = item.get("floor_flag")
    structural = ratio is not None and ratio > STRUCTURAL_RATIO
    floor = ratio_text(ratio) + ("?" if flagged else "!" if structural else "")
    return (
        quantile_cell(item["p50_us"], item["p50_note"]),
        quantile_cell(item["p95_us"], item["p95_note"]),
        loss_cell(item["loss_ratio"]),
        Cell(text=interval_text(item.get("loss_low"), item.get("loss_high"))),
        Cell(text=count_text(item["n"])),
        Cell(text=ms_text(item.get("best_us"))),
        Cell(text=floor, tone=Tone.WARN if flagged or structural else Tone.PLAIN),
    )


def _figure_columns(items: list[dict[str, Any]]) -> tuple[Column, ...]:
    """Return the columns of figures; without locations, the floor's gives way first."""
    if any(item.get("floor_ratio") is not None for item in items):
        return FIGURES
    return (*FIGURES[:-1], replace(FIGURES[-1], extra=NOTHING_TO_SHOW))


def _has_verdicts(items: list[dict[str, Any]]) -> bool:
    return any(item.get("verdict") for item in items)


def _verdict_cells(item: dict[str, Any]) -> tuple[Cell, ...]:
    word = item.get("verdict")
    tone = Tone.BAD if word in BAD else Tone.WARN if word == "watch" else Tone.PLAIN
    return (
        Cell(text=(word or "–").replace("_", " "), tone=tone),
        Cell(text=change_text(item.get("change_ratio"))),
    )


def _usual_cells(item: dict[str, Any]) -> tuple[Cell, ...]:
    is_lost = item["usual_ratio"] is None and item["p50_note"] == "lost"
    return (Cell(text="lost" if is_lost else change_text(item["usual_ratio"])),)


USUAL_COLUMNS = (Column(title="usual %", is_number=True),)
VERDICT_COLUMNS = (Column(title="VERDICT"), Column(title="change %", is_number=True, extra=1))


def _regions(
    regions: list[dict[str, Any]], *, trends: Mapping[str, Sequence[float | None]], by_usual: bool
) -> Table:
    told = _has_verdicts(regions)
    has_trend = _has_trend(trends)
    columns = (
        Column(title="#", is_number=True),
        Column(title="REGION"),
        *(VERDICT_COLUMNS if told else ()),
        *(USUAL_COLUMNS if by_usual else ()),
        *_figure_columns(regions),
        *((Column(title="LAST ROUNDS", extra=2),) if has_trend else ()),
        Column(title="servers", is_number=True, extra=3),
        Column(title="TESTERS", extra=4),
    )
    rows = tuple(
        (
            Cell(text=str(region["rank"])),
            Cell(text=region["region"]),
            *(_verdict_cells(region) if told else ()),
            *(_usual_cells(region) if by_usual else ()),
            *_figures(region),
            *((Cell(text=trend_line(trends.get(region["region"], ()))),) if has_trend else ()),
            Cell(text=count_text(region["server_count"])),
            Cell(text=" ".join(region["testers"])),
        )
        for region in regions
    )
    return Table(title="Regions", columns=columns, rows=rows)


def _paths(paths: list[dict[str, Any]], *, by_usual: bool) -> Table:
    told = _has_verdicts(paths)
    columns = (
        Column(title="#", is_number=True),
        Column(title="TESTER"),
        Column(title="SERVER"),
        *(VERDICT_COLUMNS if told else ()),
        *(USUAL_COLUMNS if by_usual else ()),
        Column(title="ADDRESS", extra=1),
        *_figure_columns(paths),
        Column(title="REGION", extra=4),
    )
    rows = tuple(
        (
            Cell(text=str(path["rank"])),
            Cell(text=path["tester"]),
            Cell(text=path["server"]),
            *(_verdict_cells(path) if told else ()),
            *(_usual_cells(path) if by_usual else ()),
            Cell(text=path.get("address") or "no address"),
            *_figures(path),
            Cell(text=path.get("region") or ""),
        )
        for path in paths
    )
    return Table(title="Paths", columns=columns, rows=rows, top=TOP_PATHS)


def _notes(slow: dict[str, Any]) -> list[str]:
    items = [*slow["regions"], *slow["paths"]]
    notes = _sentences(slow, items)
    if any((item.get("floor_ratio") or 0) > STRUCTURAL_RATIO for item in items):
        notes.append(
            f"!: above {STRUCTURAL_RATIO} × the distance floor; the route is much longer than the distance"
        )
    if any(item.get("floor_flag") for item in items):
        notes.append("?: faster than light in fibre; a location is wrong, or the address is anycast")
    if any(item.get("p95_note") == "n/a" or item.get("p50_note") == "n/a" for item in items):
        notes.append("n/a: too few probes; p50 needs 6, p95 needs 59")
    left_out: dict[tuple[str, str], int] = {}
    for run in slow.get("left_out", ()):
        key = (str(run["tester"]), str(run.get("reason") or "no reason given"))
        left_out[key] = left_out.get(key, 0) + 1
    notes += [
        f"left out, not trusted: {count} run{'s' if count > 1 else ''} of {tester}, {reason}"
        for (tester, reason), count in left_out.items()
    ]
    return notes


def _has_trend(trends: Mapping[str, Sequence[float | None]]) -> bool:
    return any(sum(change is not None for change in trend) > 1 for trend in trends.values())


def _sentences(slow: dict[str, Any], items: list[dict[str, Any]]) -> list[str]:
    """Return the verdicts that say something, with since when; and what all paths and servers say."""
    told = slow.get("verdict_round")
    if told is None:
        return []
    items = [told["fleet"], *told["servers"], *items]
    notable = [item for item in items if item.get("verdict") in NOTABLE]
    found = [
        f"{item['sentence']}; since {time_text(item.get('verdict_since'))}"
        for item in notable[:TOP_SENTENCES]
    ]
    if len(notable) > TOP_SENTENCES:
        found.append(f"and {len(notable) - TOP_SENTENCES} more verdicts")
    return found


def _records(slow: dict[str, Any]) -> list[dict[str, Any]]:
    records = []
    for kind, items in (("region", slow["regions"]), ("path", slow["paths"])):
        for item in items:
            record = {"kind": kind, "rank": item["rank"], "region": item.get("region")}
            record |= {name: item.get(name) for name in ("tester", "server", "address")}
            usual = ("usual_ratio",) if "usual_ratio" in item else ()
            records.append(record | {name: item.get(name) for name in (*NAMES, *REST, *usual, *VERDICT)})
    return records
