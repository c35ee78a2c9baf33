"""The engines of one tester: each run says by its plan which it needs."""

from typing import TYPE_CHECKING

from tester.engine.choose import choose_sockets, open_engine
from tester.engine.engine import Engine
from tester.errors import NoPermission
from wire.job import ProbePlan

if TYPE_CHECKING:  # who traces nothing does without
    from tester.trace.tracer import Tracer


class Engines:
    """Opens engines when they are first asked for; `engine` and `sockets` are as for `open_engine`."""

    def __init__(self, *, engine: str = "auto", sockets: str = "auto") -> None:
        self._engine, self._sockets = engine, sockets
        self._icmp: Engine | None = None
        self._tcp: Engine | None = None

    def of(self, plan: ProbePlan) -> Engine:
        """Return who probes as a plan says; raise `NoPermission` where the system allows no ICMP socket."""
        if plan.type == "tcp":
            if self._tcp is None:
                from tester.engine.tcp import TcpEngine

                self._tcp = TcpEngine()
            return self._tcp
        if self._icmp is None:
            self._icmp = open_engine(engine=self._engine, sockets=self._sockets)
        return self._icmp

    def tracer(self) -> "Tracer":
        """Return who traces paths; raise `NoPermission` where the system allows no ICMP socket."""
        from tester.trace.tracer import Tracer

        return Tracer(kind=choose_sockets(self._sockets))

    def pinger(self) -> Engine | None:
        """Return who pings this machine itself, None where the system allows nobody to."""
        try:
            return self.of(ProbePlan())
        except NoPermission:
            return None
