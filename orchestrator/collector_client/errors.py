"""What can go wrong between this orchestrator and its collector.

CollectorError (an OrchestratorError)
├── CollectorUnreachable   nobody answers, or not in time
│   └── EventsSilent       its stream of events says nothing, not even that it is there
├── CollectorRefused       it answered with an error of ours (4xx)
│   └── CollectorFailing   it answered with an error of its own (5xx)
├── NotACollector          something else answers there
└── WrongVersion           a collector whose API this orchestrator does not speak
"""

from collections.abc import Mapping
from typing import Any

from orchestrator.errors import OrchestratorError


class CollectorError(OrchestratorError):
    """Anything that goes wrong at the collector; `url` says which one."""

    def __init__(self, what: str, *, url: str, cause: str = "", next_step: str = "") -> None:
        super().__init__(what, cause=cause, next_step=next_step)
        self.url = url


class CollectorUnreachable(CollectorError):
    """The collector did not answer, or not within the deadline."""

    card_code = "collector-unreachable"


class EventsSilent(CollectorUnreachable):
    """The stream of events is open, or is to be, and nothing comes."""

    def __init__(self, *, url: str, silent_s: float) -> None:
        super().__init__(
            f"the events of the collector at {url} do not come",
            url=url,
            cause=f"nothing was said for {silent_s:g} s",
            next_step="see whether a proxy before the collector holds back what is not finished",
        )


class CollectorRefused(CollectorError):
    """The collector answered with an error.

    `status` is HTTP's, `code` the collector's word for it, `hint` what it advises; `body` holds the
    whole answer. `retry_after_s` is the pause that it asked for.
    """

    card_code = "collector-refused"

    exit_code = 2

    def __init__(
        self,
        *,
        url: str,
        request: str,
        status: int,
        code: str,
        message: str,
        hint: str | None = None,
        body: Mapping[str, Any] | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(
            f"the collector at {url} refused {request}: {message}",
            url=url,
            cause=f"HTTP {status}, {code}",
            next_step=hint or _advice(status),
        )
        self.status = status
        self.code = code
        self.message = message
        self.hint = hint
        self.body: Mapping[str, Any] = {} if body is None else body
        self.retry_after_s = retry_after_s

    @property
    def is_passing(self) -> bool:
        """Whether the same request may succeed later."""
        return self.status in (408, 429, 502, 503, 504)


class CollectorFailing(CollectorRefused):
    """The collector cannot do at present what it was rightly asked."""

    card_code = "collector-failing"

    exit_code = 1


class NotACollector(CollectorError):
    """What answers at the URL does not speak as a collector does."""

    card_code = "not-a-collector"

    exit_code = 2

    def __init__(self, *, url: str, cause: str) -> None:
        super().__init__(
            f"what answers at {url} is not a collector",
            url=url,
            cause=cause,
            next_step="look at collector.url in fleet.yaml, or choose another collector.port",
        )


class WrongVersion(CollectorError):
    """The collector's API or report version is not one of ours; the package's does not matter."""

    card_code = "wrong-version"

    exit_code = 2

    def __init__(self, *, url: str, what: str, theirs: tuple[int, ...], ours: int, version: str) -> None:
        is_older = max(theirs, default=0) < ours
        words = ", ".join(str(each) for each in theirs) or "none"
        release = f" ({version})" if version else ""
        super().__init__(
            f"the collector at {url} speaks {what} {words}, this orchestrator {ours}",
            url=url,
            cause=f"that collector{release} is {'older' if is_older else 'newer'} than this orchestrator",
            next_step="upgrade the collector; collectors are upgraded first"
            if is_older
            else "upgrade this orchestrator to the collector's release; one version behind is the most",
        )
        self.theirs = theirs
        self.ours = ours


def _advice(status: int) -> str:
    if status == 401:
        return "look at collector.admin_token and collector.reader_token, or set ORCHESTRATE_ADMIN_TOKEN_FILE"
    if status == 403:
        return "use a token with the role that this needs: collector token issue --role admin"
    if status >= 500:
        return "look at the collector's log, then try again"
    return ""
