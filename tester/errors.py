"""What can go wrong in the tester.

TesterError                exit 1
├── UsageError             exit 2: an argument, an environment variable, a file that somebody gave
│   ├── JobError           the job file cannot be used
│   ├── SpoolInUse         another tester holds the spool
│   ├── WrongVersion       the collector speaks another version
│   └── NoPermission       the system allows no socket to ping with
├── SpoolFailed            a report could not be written to disk
├── CorruptReport          a spooled report cannot be read back
└── CollectorAway          no answer from the collector within the deadline
"""


class TesterError(Exception):
    """Something that a person has to know; `exit_code` is the program's if nobody catches it."""

    exit_code = 1


class UsageError(TesterError):
    """The tester was told something that it cannot do; nothing was measured."""

    exit_code = 2


class JobError(UsageError):
    """The job file is missing or says something that makes no sense."""


class SpoolInUse(UsageError):
    """Another live tester writes into this spool."""


class WrongVersion(UsageError):
    """The collector reads neither this tester's API nor its reports."""


class NoPermission(UsageError):
    """Neither a raw nor a datagram socket for ICMP may be opened."""


class SpoolFailed(TesterError):
    """The disk did not take a report; `reason` says why, in the system's words."""

    def __init__(self, *, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class CorruptReport(TesterError):
    """A spooled file is not what was written."""


class CollectorAway(TesterError):
    """A request found nobody, or no answer in time; it is worth trying again."""
