"""A collector that tests share whose subject is not the collector."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from uuid import UUID

import pytest

from tests.collector.hardship.a_program import Program, a_program

MOST_TESTERS = 20


@dataclass(kw_only=True, slots=True)
class Shared:
    """A collector with SQLite, and testers that nobody has used."""

    program: Program
    testers: Iterator[tuple[str, UUID]]

    def tester(self) -> tuple[str, UUID]:
        return next(self.testers)


@pytest.fixture(scope="package")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    directory = tmp_path_factory.mktemp("shared")
    with a_program(f"sqlite:///{directory}/collector.sqlite3", log=directory / "log") as program:
        names = (f"tester{number}" for number in count())
        yield Shared(program=program, testers=zip(names, program.register(MOST_TESTERS), strict=False))
