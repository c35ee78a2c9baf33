"""What rules would have told of the last sweeps; nothing is written, nothing is sent."""

from collections.abc import Iterator

import sqlalchemy as sa

from collector.alerts.evaluate import messages_of
from collector.alerts.machine import State, StateKey, decide
from collector.alerts.message import Message
from collector.alerts.observed import fleet_name, last_occasions, observations
from collector.alerts.rules import Rules
from collector.tables import fleets


def rehearsed(
    connection: sa.Connection, rules: Rules, *, sweeps_count: int, fleet_number: int | None = None
) -> Iterator[tuple[str, Message]]:
    """Give receivers and messages in their order, as if nothing had been known before these sweeps."""
    numbers = (
        list(connection.execute(sa.select(fleets.c.id).order_by(fleets.c.name)).scalars())
        if fleet_number is None
        else [fleet_number]
    )
    for number in numbers:
        fleet = fleet_name(connection, number)
        states: dict[StateKey, State] = {}
        for occasion in last_occasions(connection, fleet_number=number, sweeps_count=sweeps_count):
            decided = decide(
                rules.rules,
                fleet=fleet,
                at=occasion.at,
                observations=observations(connection, occasion),
                states=states,
                # Who belongs to the fleet now says nothing of how it was then.
                departed={},
            )
            states |= decided.states
            for _, receiver, message in messages_of(decided.told, rules.rules, occasion, fleet=fleet):
                yield receiver, message
