"""Reports of ten rows from many testers at once: stored together, and each in its own transaction."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from itertools import islice
from uuid import UUID, uuid4

from tests.benchmarks.collector.figures import Contender, interleaved
from tests.benchmarks.collector.ingest import TOKEN
from tests.benchmarks.collector.postgres import Postgres
from tests.benchmarks.collector.reports import Body, reports
from tests.benchmarks.collector.serving import COLLECTOR, ONE_EACH, Client, Served, served
from tests.benchmarks.figures import Line

ROWS = 10
TOGETHER, ALONE = "collector", "the same, a transaction for each report"
GOAL = 1 / 3


WAYS = {TOGETHER: COLLECTOR, ALONE: ONE_EACH}


def small_reports(postgres: Postgres, *, testers: int = 64, each: int = 25, rounds: int = 3) -> list[Line]:
    """Return the CPU of a report, of server and Postgres together."""
    found = costs(postgres, WAYS, testers=testers, each=each, rounds=rounds)
    return [
        Line(
            name=f"ingest, CPU per report of {ROWS} rows, {testers} connections",
            unit="µs",
            ours=found[TOGETHER],
            peer_name=ALONE,
            peer=found[ALONE],
            most_ratio=round(GOAL, 3),
        )
    ]


def costs(
    postgres: Postgres, ways: Mapping[str, Sequence[str]], *, testers: int, each: int, rounds: int
) -> dict[str, float]:
    """Return what a report costs by each way, in turn, each with a database of its own."""
    contenders = []
    with ExitStack() as stack:
        for number, (name, program) in enumerate(ways.items()):
            server = stack.enter_context(served(program, database_url=postgres.made(f"small_{number}")))
            ids = [uuid4() for _ in range(testers)]
            server.register(uuid4(), "small", [(one, f"tester-{one}", TOKEN) for one in ids])
            given = {one: reports(one, rows=ROWS, seed=place) for place, one in enumerate(ids)}
            contenders.append(
                Contender(name=name, ready=_many(server, given, each), cpu_s=_cpu_of(server, postgres))
            )
        return interleaved(contenders, rounds=rounds)


def _cpu_of(server: Served, postgres: Postgres) -> Callable[[], float]:
    return lambda: server.cpu_s() + postgres.cpu_s()


def _many(server: Served, given: dict[UUID, Iterator[Body]], each: int) -> Callable[[], Callable[[], int]]:
    def ready() -> Callable[[], int]:
        work = [
            (
                server.client(str(tester_id), TOKEN),
                [(f"/api/v1/runs/{body.run_id}/report", body.columnar) for body in islice(bodies, each)],
            )
            for tester_id, bodies in given.items()
        ]

        def deliver() -> int:
            threads = [threading.Thread(target=_send, args=one) for one in work]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            return sum(len(bodies) for _, bodies in work)

        return deliver

    return ready


def _send(client: Client, bodies: Sequence[tuple[str, bytes]]) -> None:
    for path, content in bodies:
        client.ask("PUT", path, content)
