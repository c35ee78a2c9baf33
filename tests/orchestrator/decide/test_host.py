"""The moves of a host."""

from itertools import product

import pytest

from orchestrator.decide.host import LIVE, MOVES, HostEvent, HostState, IllegalMove, moved


@pytest.mark.parametrize(("state", "event"), list(product(HostState, HostEvent)))
def test_a_move_is_in_the_table_or_refused(state: HostState, event: HostEvent) -> None:
    if (state, event) in MOVES:
        assert moved(state, event) is MOVES[state, event]
        return
    with pytest.raises(IllegalMove, match=f"^a host that is {state} cannot have {event}$"):
        moved(state, event)


def test_a_removed_host_never_comes_back() -> None:
    assert not [event for state, event in MOVES if state is HostState.REMOVED]


@pytest.mark.parametrize("state", sorted(LIVE))
def test_every_live_host_can_be_removed(state: HostState) -> None:
    removing = moved(state, HostEvent.REMOVE_STARTED)

    assert moved(removing, HostEvent.REMOVED) is HostState.REMOVED


def test_every_state_can_be_reached() -> None:
    assert set(MOVES.values()) | {HostState.PLANNED} == set(HostState)


def test_a_removal_that_fails_is_no_failure_of_the_host() -> None:
    assert (HostState.REMOVING, HostEvent.FAILED) not in MOVES
