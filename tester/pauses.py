"""How long to wait before the next try (pure, but for the dice it is given)."""

from collections.abc import Callable

FIRST_S = 0.5
LONGEST_S = 60.0
LONGEST_ASKED_S = 600.0


class Pauses:
    """Growing pauses, each a random part of twice the last, so that a fleet does not come as one.

    `dice` returns a number from 0 up to 1.
    """

    def __init__(self, *, dice: Callable[[], float]) -> None:
        self._dice = dice
        self._tries = 0

    def next_s(self, *, asked_s: float | None = None) -> float:
        """Return the next pause; it is never shorter than what the collector asked for."""
        longest = min(LONGEST_S, FIRST_S * 2.0**self._tries)
        self._tries = min(self._tries + 1, 32)
        pause = longest * (0.5 + 0.5 * self._dice())
        return max(pause, min(asked_s or 0.0, LONGEST_ASKED_S))

    def reset(self) -> None:
        """Begin again with the shortest: something went well."""
        self._tries = 0
