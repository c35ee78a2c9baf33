"""A command that runs: what it says, as it says it."""

import subprocess
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import IO

from tests.end_to_end.hosts.cloud_fleet import Ended

SAID_S = 180.0
END_S = 400.0
POLL_S = 0.02


@dataclass(kw_only=True, slots=True)
class Running:
    """Collects what a command writes, so that it never waits for its reader."""

    process: "subprocess.Popen[str]"
    out: list[str] = field(default_factory=list)
    err: list[str] = field(default_factory=list)
    _readers: list[threading.Thread] = field(default_factory=list)

    def __post_init__(self) -> None:
        for stream, lines in ((self.process.stdout, self.out), (self.process.stderr, self.err)):
            assert stream is not None
            reader = threading.Thread(target=_collect, args=(stream, lines), daemon=True)
            reader.start()
            self._readers.append(reader)

    def until_said(self, text: str, *, within_s: float = SAID_S) -> None:
        """Wait until a line on stderr has `text` in it."""
        self.until_all_said([text], within_s=within_s)

    def until_all_said(self, texts: Iterable[str], *, within_s: float = SAID_S) -> None:
        """Wait until each of some texts was said on stderr."""
        texts = list(texts)
        end = time.monotonic() + within_s
        while any(all(text not in line for line in list(self.err)) for text in texts):
            ended = self.process.poll() is not None and not any(one.is_alive() for one in self._readers)
            assert not ended, f"ended without saying {texts}:\n{''.join(self.err)}"
            assert time.monotonic() < end, f"not said in time, {texts}:\n{''.join(self.err)}"
            time.sleep(POLL_S)

    def end(self, *, within_s: float = END_S) -> Ended:
        """Wait until it has ended, and return how."""
        code = self.process.wait(timeout=within_s)
        for reader in self._readers:
            reader.join(timeout=within_s)
        return Ended(code=code, out="".join(self.out), err="".join(self.err))


def _collect(stream: IO[str], lines: list[str]) -> None:
    for line in stream:
        lines.append(line)
