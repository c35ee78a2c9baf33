"""What is wrong with a message.

WireError
└── UnknownVersion
"""


class WireError(ValueError):
    """A message that a correct program would not have sent.

    `field` is the dotted path of the offending field, `reason` a phrase that follows it.
    """

    def __init__(self, *, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}" if field else reason)
        self.field = field
        self.reason = reason


class UnknownVersion(WireError):
    """A message of a version that this program does not read."""

    def __init__(self, *, what: str, version: object, known: tuple[int, ...]) -> None:
        numbers = ", ".join(str(number) for number in known)
        super().__init__(field="v", reason=f"{what} version {version!r} is unknown here, known: {numbers}")
        self.version = version
        self.known = known
