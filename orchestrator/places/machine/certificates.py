"""The certificates of a store, made before any machine and by one program alone."""

import secrets
import shutil
import threading
from contextlib import suppress

from orchestrator.errors import OrchestratorError
from orchestrator.places.deadline import Deadline
from orchestrator.places.machine.failures import last_error
from orchestrator.places.machine.program import MachineProgram
from orchestrator.places.machine.store import CERTIFICATES, MachineStore
from orchestrator.places.shell import run

MAKE_S = 60.0
DRAFT = ".making-"


class NoCertificates(OrchestratorError):
    """docker-machine did not make the certificates of a store."""

    card_code = "no-certificates"


class MachineCertificates:
    """Makes the certificates of one store, once.

    Two creates at once on a fresh store make client certificates that their authority did not sign,
    and exit 0. So they are made by a machine of no kind in a store of its own, and moved as a whole:
    whoever is killed in the middle leaves a draft that nobody reads.
    """

    def __init__(self, store: MachineStore, *, program: MachineProgram) -> None:
        self._store = store
        self._program = program
        self._lock = threading.Lock()

    def make(self, *, deadline: Deadline) -> None:
        """See that the certificates are there; raise `NoCertificates`."""
        with self._lock:
            if self._store.has_certificates:
                return
            for left in self._store.root.glob(f"{DRAFT}*"):
                shutil.rmtree(left, ignore_errors=True)
            self._make(deadline=deadline.sooner(MAKE_S))

    def _make(self, *, deadline: Deadline) -> None:
        draft = MachineStore(self._store.root / f"{DRAFT}{secrets.token_hex(4)}")
        draft.root.mkdir(mode=0o700)
        try:
            outcome = run(
                [self._program.path, "create", "-d", "none", "--url", "tcp://127.0.0.1:1", "certificates"],
                deadline=deadline,
                environment=self._program.environment.plain(store=draft.root),
            )
            if outcome.code != 0 or not draft.has_certificates:
                said = last_error(outcome.stdout + outcome.stderr)
                raise NoCertificates(
                    "docker-machine made no certificates",
                    cause="it did not end in time" if outcome.timed_out else f"it said: {said}",
                    next_step=f"`df -h {self._store.root}`, then again",
                )
            # What lies there is not whole: a certificate without its key is of no use to anybody.
            shutil.rmtree(self._store.certificates, ignore_errors=True)
            draft.certificates.rename(self._store.certificates)
            for name in CERTIFICATES:
                with suppress(OSError):
                    (self._store.certificates / name).chmod(0o600)
        finally:
            shutil.rmtree(draft.root, ignore_errors=True)
