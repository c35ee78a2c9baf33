"""Hosts that stay because nothing can be written down any more."""

from collections.abc import Iterator
from contextlib import contextmanager

from orchestrator.act.journal import Journal
from orchestrator.act.journal_file import JournalFailed
from orchestrator.errors import LeftBehind, NoRoom

MOST_NAMED = 10


@contextmanager
def telling_what_stays(journal: Journal, *, then: str) -> Iterator[None]:
    """Turn a journal that fails, or a full disk, into `LeftBehind` where hosts stay; `then` removes them."""
    try:
        yield
    except (JournalFailed, NoRoom, OSError) as failure:
        error = NoRoom.of(failure) if isinstance(failure, OSError) else failure
        try:
            staying = sorted({host.tester for host in journal.hosts()})
        except JournalFailed:
            staying = []
        if not staying:
            raise error from None
        noun = "host stays" if len(staying) == 1 else "hosts stay"
        more = f" and {len(staying) - MOST_NAMED} more" if len(staying) > MOST_NAMED else ""
        raise LeftBehind(
            f"{len(staying)} {noun}: {', '.join(staying[:MOST_NAMED])}{more}",
            cause=f"{error.what}; {error.cause}",
            next_step=f"{error.next_step}\nor remove them: {then}",
        ) from error
