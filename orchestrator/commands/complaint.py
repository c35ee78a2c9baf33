"""What keeps a command that stays from going on, told once and not each time that it is seen."""

from dataclasses import dataclass

from orchestrator.commands.stage import Stage


@dataclass(kw_only=True, slots=True)
class Complaint:
    """Told when it is new or another one; once it is over it may be told again."""

    shown: Stage
    _told: str = ""

    def tell(self, text: str) -> None:
        """Show a warning, unless it is the one that was shown last."""
        if text != self._told:
            self._told = text
            self.shown.note(text, level="warning")

    def is_over(self) -> None:
        """Forget what was told."""
        self._told = ""
