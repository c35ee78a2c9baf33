"""A database in which rounds are judged by hand, rules, and a clock that is set."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid4, uuid5

import sqlalchemy as sa

from collector.alerts.rules import Command, Finding, Receiver, Rule, Rules, Webhook
from collector.alerts.teller import Teller
from collector.session import writing
from collector.tables import fleets, sweeps, testers, verdicts
from collector.verdicts.occasions import note_round, note_sweep
from collector.verdicts.verdict import Scope, VerdictFigures
from tests.collector.reads.a_house import NOON


def a_rule(name: str = "regions", **changed: Any) -> Rule:
    given: dict[str, Any] = {
        "findings": (Finding.SLOW, Finding.LOSSY),
        "tells_bad": True,
        "tells_recovered": True,
        "to": ("ops",),
    }
    return Rule(name=name, **(given | changed))


def some_rules(by: Webhook | Command, *rules: Rule) -> Rules:
    return Rules(rules=rules or (a_rule(),), receivers=(Receiver(name="ops", by=by),))


@dataclass(kw_only=True)
class Newsroom:
    """One fleet, whose rounds say what a test wants them to say."""

    engine: sa.Engine
    fleet_number: int = 0
    now: datetime = NOON

    def begin(self, name: str = "edge") -> "Newsroom":
        with writing(self.engine) as connection:
            row = {"uuid": uuid4(), "name": name, "spec": {}, "registered_at": NOON, "registered_by": "me"}
            connection.execute(sa.insert(fleets).values(row))
            self.fleet_number = connection.execute(
                sa.select(fleets.c.id).where(fleets.c.name == name)
            ).scalar_one()
        return self

    def round(self, words: dict[str, str], *, at: datetime | None = None, scope: str = "region") -> UUID:
        """Judge a round, a minute after the one before: a word for each region."""
        self.now += timedelta(minutes=1)
        sweep_id, when = uuid4(), at or self.now
        with writing(self.engine) as connection:
            if scope == "region":
                self._join(connection, words)
            for kind, key, word in (
                (Scope.FLEET.value, "", "ok"),
                *((scope, *item) for item in words.items()),
            ):
                figures = VerdictFigures(region=key if kind == "region" else None)
                connection.execute(
                    sa.insert(verdicts).values(
                        sweep_id=sweep_id,
                        round=0,
                        scope=kind,
                        key=key,
                        id=uuid5(sweep_id, f"{kind}:{key}"),
                        fleet_id=self.fleet_number,
                        at=when,
                        since=when,
                        label=key,
                        verdict=word,
                        slow=word == "slow",
                        lossy=word == "lossy",
                        sentence=f"{key} {word.upper()}",
                        figures=asdict(figures),
                        settings_version="test",
                    )
                )
            note_round(
                connection,
                fleet_number=self.fleet_number,
                sweep_id=sweep_id,
                round_number=0,
                at=when,
                now=self.now,
            )
        return sweep_id

    def _join(self, connection: sa.Connection, regions: Iterable[str]) -> None:
        """Let each region have a tester of its name, as far as nobody has left."""
        of_fleet = testers.c.fleet_id == self.fleet_number
        known = set(connection.execute(sa.select(testers.c.name).where(of_fleet)).scalars())
        for region in sorted(set(regions) - known):
            connection.execute(
                sa.insert(testers).values(
                    uuid=uuid5(NAMESPACE_OID, f"{self.fleet_number}:{region}"),
                    fleet_id=self.fleet_number,
                    name=region,
                    location=region,
                    config={"driver": "local"},
                    created_at=self.now,
                )
            )

    def retire(self, tester: str) -> None:
        """Take a tester out of service."""
        with writing(self.engine) as connection:
            connection.execute(
                sa.update(testers)
                .where(testers.c.fleet_id == self.fleet_number, testers.c.name == tester)
                .values(retired_at=self.now)
            )

    def sweep(self, outcome: str, *, note: str | None = None) -> UUID:
        """End a sweep."""
        self.now += timedelta(minutes=1)
        sweep_id = uuid4()
        with writing(self.engine) as connection:
            connection.execute(
                sa.insert(sweeps).values(
                    id=sweep_id,
                    fleet_id=self.fleet_number,
                    started_at=self.now - timedelta(seconds=30),
                    finished_at=self.now,
                    spec={},
                    outcome=outcome,
                    note=note,
                )
            )
            note_sweep(
                connection, fleet_number=self.fleet_number, sweep_id=sweep_id, outcome=outcome, now=self.now
            )
        return sweep_id

    def teller(self, rules: Rules) -> Teller:
        return Teller(self.engine, rules, clock=lambda: self.now)

    def tell(self, rules: Rules) -> int:
        """Evaluate and deliver what is due now; return how many messages arrived."""
        teller = self.teller(rules)
        teller.evaluate()
        return teller.deliver()

    def rows(self, table: sa.Table) -> list[Any]:
        with self.engine.connect() as connection:
            return list(connection.execute(sa.select(table).order_by(*table.primary_key)))


def bullets(texts: Iterable[str]) -> list[str]:
    """Return the lines of messages behind their first ones."""
    return [line for text in texts for line in text.splitlines()[1:]]
