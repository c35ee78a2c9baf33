"""An AWS account: its clients, its keys as they are now, and who we are in it."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import NoCredentialsError

from orchestrator.cloud.credentials import session_with_current_credentials
from orchestrator.cloud.refusals import RENEW, CloudRefused, asking, refused
from orchestrator.places.machine.keys import Keys

HOME_REGION = "us-east-1"
"""Where the account itself is asked about: it is enabled for everybody."""

CONNECT_S = 10.0
READ_S = 60.0
ATTEMPTS = 8
"""How often a call is made that is throttled or meets an error of the cloud's own, with growing pauses."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Identity:
    """Who we are to the cloud: the account's number, and our own name in it."""

    account: str
    arn: str


class Account:
    """Opens clients, one for each service and region, which threads may share.

    `keys` None: the credentials that the AWS library finds by its own rules, in the environment, a
    profile, a sign-on or a role; they are renewed by it whenever they are about to expire, and by us when
    a call is refused because they have.
    `environment` is looked at for a region alone.
    """

    def __init__(self, *, environment: Mapping[str, str], keys: Keys | None = None) -> None:
        self._environment = environment
        self._given = keys
        self._guard = threading.RLock()
        self._session: Any = None
        self._clients: dict[tuple[str, str], Any] = {}

    def client(self, service: str, region: str) -> Any:
        """Return the client of a service in a region; raise `CloudRefused` without credentials."""
        with self._guard, asking(region):
            if (service, region) not in self._clients:
                self._clients[service, region] = self._opened().client(
                    service,
                    region_name=region,
                    config=Config(
                        connect_timeout=CONNECT_S,
                        read_timeout=READ_S,
                        retries={"mode": "standard", "max_attempts": ATTEMPTS},
                    ),
                )
            return self._clients[service, region]

    def keys(self) -> Keys:
        """Return keys that are good now; raise `CloudRefused` where there are none, or no fresh ones."""
        if self._given is not None:
            return self._given
        with self._guard, asking(HOME_REGION):
            found = self._opened().get_credentials()
            if found is None:
                raise refused(NoCredentialsError(), region=HOME_REGION)
            try:
                frozen = found.get_frozen_credentials()
            except RuntimeError as error:
                # The library's word for fresh ones that are old already.
                raise CloudRefused(
                    "the AWS credentials have expired",
                    str(error),
                    RENEW,
                    card_code="aws-credentials-expired",
                ) from None
            if not frozen.access_key or not frozen.secret_key:
                raise refused(NoCredentialsError(), region=HOME_REGION)
            return Keys(
                access_key=frozen.access_key,
                secret_key=frozen.secret_key,
                session_token=frozen.token or "",
                source=self._source(str(found.method)),
            )

    def identity(self) -> Identity:
        """Return who we are; raise `CloudRefused` for credentials that the cloud does not take."""
        with asking(HOME_REGION):
            said = self.client("sts", HOME_REGION).get_caller_identity()
        return Identity(account=str(said["Account"]), arn=str(said["Arn"]))

    def _opened(self) -> Any:
        if self._session is None:
            if self._given is not None:
                self._session = boto3.session.Session(
                    aws_access_key_id=self._given.access_key,
                    aws_secret_access_key=self._given.secret_key,
                    aws_session_token=self._given.session_token or None,
                )
            else:
                profile = self._environment.get("AWS_PROFILE") or None
                session = session_with_current_credentials(profile)
                self._session = boto3.session.Session(botocore_session=session)
        return self._session

    def _source(self, method: str) -> str:
        profile = self._environment.get("AWS_PROFILE")
        if method == "env":
            return "environment"
        return f"profile {profile} ({method})" if profile else method
