"""How long rows are kept.

Apart from what removes them: the settings have it, and whoever only asks how the collector is reads them.
"""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, kw_only=True, slots=True)
class Keep:
    """For how long raw results, hourly and daily rollups, and verdicts are kept; None is for ever."""

    raw: timedelta | None = None
    hourly: timedelta | None = None
    daily: timedelta | None = None
    verdicts: timedelta | None = None

    @property
    def everything(self) -> bool:
        """Whether nothing is ever removed."""
        return all(kept is None for kept in (self.raw, self.hourly, self.daily, self.verdicts))
