"""GET the summary of a sweep."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any
from uuid import UUID

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Query, Response

from collector.history.figures import Integers
from collector.history.queries import RunFilter, region_of
from collector.history.queries_summary import counted_by_state, runs_of_sweep
from collector.history.queries_window import read_window, servers_of
from collector.history.segments import DAY
from collector.session import reading
from collector.tables import sweeps
from collector.verdicts.floor import server_places
from collector.verdicts.slowness import By
from collector.web.ranking import Found, Paths, found_in, paths_of, ranked_dicts
from collector.web.reads_answers import ERRORS, answer, time_or_none
from collector.web.reads_names import the_fleet
from collector.web.state import Services, services
from collector.web.summary import MOST_MISSING, missing_of, results_dict, runs_dict

router = APIRouter(tags=["sweeps"])

MOST_WORST = 50


@router.get("/sweeps/{sweep_id}/summary", responses=ERRORS)
def get_summary(
    at: Annotated[Services, Depends(services)],
    sweep_id: UUID,
    worst: Annotated[int, Query(ge=0, le=MOST_WORST, description="how many paths each list names")] = 10,
) -> Response:
    """A sweep counted: its runs, results and probes, the slowest and the lossiest paths, what is missing.

    Of a sweep that has lasted more than a day, `results`, `probes` and paths are those of its last
    day (`since`, `until`); `runs` and `missing` are of all of it. Paths are ranked by trusted runs.
    """
    return answer(summary_body(at, sweep_id, worst=worst))


def summary_body(at: Services, sweep_id: UUID, *, worst: int) -> dict[str, Any]:
    """Return the summary of a sweep as the API answers it."""
    with reading(at.engine) as connection:
        owner = the_fleet(connection, None, sweep_id)
        assert owner is not None
        sweep = connection.execute(sa.select(sweeps).where(sweeps.c.id == sweep_id)).one_or_none()
        made = runs_of_sweep(connection, sweep_id)
        starts = [run.started_at for run in made if run.stored and run.started_at is not None]
        first, last = min(starts, default=None), max(starts, default=None)
        counted: Any = ()
        slowest: list[dict[str, Any]] = []
        lossiest: list[dict[str, Any]] = []
        chosen = RunFilter(fleet_number=owner.id, sweep_id=sweep_id)
        if first is not None and last is not None:
            if last - first > DAY:
                first = last - DAY
                chosen = replace(chosen, since=first)
            counted = counted_by_state(connection, since=first, until=last, chosen=chosen)
            found = found_in(read_window(connection, chosen))
            rows = {row.id: row for row in servers_of(connection, found.server)}
            paths = paths_of(found, servers=rows, places=server_places(owner.spec))
            by_loss = paths.slowest_first(By.LOSS)
            is_lossy = paths.figures.answered < paths.figures.n
            slowest = _shown(found, paths, rows, paths.slowest_first(By.P50)[:worst])
            lossiest = _shown(found, paths, rows, by_loss[is_lossy[by_loss]][:worst])
    ends = [run.finished_at for run in made if run.finished_at is not None]
    spec = None if sweep is None else sweep.spec
    is_finished = sweep is not None and sweep.finished_at is not None
    missing = missing_of(made, spec=spec, is_finished=is_finished)
    begun = min([run.started_at for run in made if run.started_at is not None], default=None)
    ended = max(ends, default=None)

    return {
        "sweep_id": str(sweep_id),
        "fleet": owner.name,
        "outcome": None if sweep is None else sweep.outcome,
        "started_at": time_or_none(begun if sweep is None else sweep.started_at),
        "finished_at": time_or_none(None if sweep is None else sweep.finished_at),
        "first_run_at": time_or_none(begun),
        "last_run_ended_at": time_or_none(ended),
        "duration_s": None if begun is None or ended is None else (ended - begun).total_seconds(),
        "runs": runs_dict(made, spec=spec),
        "since": time_or_none(first),
        "until": time_or_none(last),
        **results_dict(counted),
        "slowest": slowest,
        "lossiest": lossiest,
        "missing": missing[:MOST_MISSING],
        "missing_count": len(missing),
    }


def _shown(
    found: Found, paths: Paths, servers: Mapping[int, sa.Row[Any]], places: Integers
) -> list[dict[str, Any]]:
    listed = []
    for place, figures in zip(places.tolist(), ranked_dicts(paths, places), strict=True):
        tester, server = found.testers[int(paths.tester[place])], servers[int(paths.server[place])]
        named = {"tester": tester.name, "region": region_of(tester)}
        listed.append(named | {"server": server.name, "address": server.ip_addr} | figures)
    return listed
