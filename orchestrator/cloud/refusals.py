"""What a cloud's refusals mean for the person who must do something about them."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    EndpointConnectionError,
    HTTPClientError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
    SSOError,
    TokenRetrievalError,
)

from orchestrator.cloud.clients import code_of, words_of
from orchestrator.errors import ConfigurationError

EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})
UNKNOWN_KEYS = frozenset(
    {"AuthFailure", "InvalidClientTokenId", "UnrecognizedClientException", "SignatureDoesNotMatch"}
)
FORBIDDEN = frozenset({"UnauthorizedOperation", "AccessDenied", "AccessDeniedException"})
THROTTLED = frozenset(
    {"RequestLimitExceeded", "Throttling", "ThrottlingException", "TooManyRequestsException"}
)
WITHOUT_KEYS = (NoCredentialsError, PartialCredentialsError, ProfileNotFound)
NOT_RENEWED = (CredentialRetrievalError, SSOError, TokenRetrievalError)
UNREACHABLE = (EndpointConnectionError, HTTPClientError)

_ENCODED = re.compile(r"\s*Encoded authorization failure message:\s*\S+")
RENEW = "aws sso login, or export fresh AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN"


class CloudRefused(ConfigurationError):
    """The cloud did not do what it was asked; `code` is its own word for why, empty without one."""

    card_code = "aws-refused"

    def __init__(
        self,
        what: str,
        cause: str = "",
        next_step: str = "",
        *,
        code: str = "",
        card_code: str | None = None,
    ) -> None:
        super().__init__(what, cause, next_step, card_code=card_code)
        self.code = code


@contextmanager
def asking(region: str) -> Iterator[None]:
    """Raise `CloudRefused` for what the cloud, or the way to it, refuses inside."""
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise refused(error, region=region) from error


def refused(error: ClientError | BotoCoreError, *, region: str) -> CloudRefused:
    """Return a refusal as a card that says who can do what."""
    code, said = code_of(error), _ENCODED.sub("", words_of(error))
    call = str(getattr(error, "operation_name", "") or "")
    if isinstance(error, WITHOUT_KEYS):
        return CloudRefused(
            "there are no AWS credentials",
            cause=said,
            next_step="aws configure, or export AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
            card_code="aws-no-credentials",
        )
    if isinstance(error, NOT_RENEWED) or code in EXPIRED:
        return CloudRefused(
            "the AWS credentials have expired",
            cause=said,
            next_step=RENEW,
            code=code,
            card_code="aws-credentials-expired",
        )
    if code in UNKNOWN_KEYS:
        return CloudRefused(
            f"AWS does not take these credentials in {region}",
            cause=f"{said}; they are wrong, or this opt-in region is not enabled for the account",
            next_step=f"aws sts get-caller-identity --region {region}; `date -u` shows this machine's clock",
            code=code,
            card_code="aws-credentials-refused",
        )
    if code in FORBIDDEN:
        return CloudRefused(
            f"the account's policy does not allow {call} in {region}",
            cause=said,
            next_step=f"allow ec2:{call} for these credentials: docs/aws.md has the whole policy"
            if call
            else "docs/aws.md has the whole policy",
            code=code,
            card_code="aws-not-allowed",
        )
    if code in THROTTLED:
        return CloudRefused(
            f"{region} throttles our requests",
            cause=said,
            next_step="try again in a minute, with a lower `limits.concurrency`",
            code=code,
            card_code="aws-throttled",
        )
    if isinstance(error, UNREACHABLE):
        return CloudRefused(
            f"the API of {region} cannot be reached",
            cause=said,
            next_step="see that this machine has a way there, or set HTTPS_PROXY",
            card_code="aws-unreachable",
        )
    return CloudRefused(f"{region} refused {call or 'a call'}", cause=said, code=code)
