"""What a test sets about the account of a bed; `clear` forgets all of it."""

from pathlib import Path
from typing import Any

from tests.end_to_end.bed.cloud.account import ANYWHERE, ON_DEMAND

HOUR_S = 3600.0
ENVIRONMENT_KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")


class Settings:
    """The part of a bed that speaks of its account."""

    @property
    def folder(self) -> Path:
        """What the bed keeps on disk."""
        raise NotImplementedError

    def ask(self, what: str, **words: Any) -> Any:
        """Ask the cloud's desk."""
        raise NotImplementedError

    def expire_keys(self, *, code: str | None = None) -> None:
        """Let every key of now be expired; those issued later are good.

        Unless a code is given, each service has its own: EC2 `RequestExpired`, STS `ExpiredToken`, the others
        `ExpiredTokenException`.
        """
        self.ask("expire_keys", code=code)

    def issue_keys(self, *, life_s: float = HOUR_S) -> dict[str, str]:
        """Return fresh keys, as a credential_process prints them."""
        keys: dict[str, str] = self.ask("issue_keys", life_s=life_s)
        return keys

    def profile(self, name: str = "bed", *, life_s: float = HOUR_S) -> dict[str, str]:
        """Write a configuration whose credential_process gives fresh keys; return an environment for it.

        The variables of keys are empty in it: they would stand before those of a profile.
        """
        path = self.folder / f"aws-{name}"
        process = f"{self.folder / 'bin' / 'fresh-keys'} {life_s}"
        path.write_text(f"[profile {name}]\ncredential_process = {process}\n", encoding="ascii")
        paths = {"AWS_CONFIG_FILE": str(path), "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent"}
        return paths | {"AWS_PROFILE": name} | dict.fromkeys(ENVIRONMENT_KEYS, "")

    def forbid(self, action: str, *, region: str = ANYWHERE) -> None:
        """Let the policy leave out a call, such as `ec2:DescribeInstances`."""
        self.ask("forbid", action=action, region=region)

    def quota(self, region: str, vcpus: float, *, code: str = ON_DEMAND) -> None:
        """Set how many vCPUs may run in a region, by the quota's code."""
        self.ask("quota", region=region, vcpus=vcpus, code=code)

    def opt_in(self, region: str, is_on: bool) -> None:
        """Turn a region on or off: one that is off takes no keys."""
        self.ask("opt_in", region=region, is_on=is_on)

    def withdraw(self, instance_type: str, *, region: str, zone: str | None = None) -> None:
        """Offer a type no more, in a zone (its letter) or in the whole region."""
        self.ask("withdraw", instance_type=instance_type, region=region, zone=zone)

    def spot(self, where: str, status: str | None) -> None:
        """Set what spot requests meet in a region or a zone, `*` for all; None: they are granted again."""
        self.ask("spot", where=where, status=status)

    def interrupt(self, target: str, *, warning_s: float = 0.0) -> list[str]:
        """Take instances back as spot interruptions do: one by its id, or all of a region.

        For as long as the warning their requests are marked for termination; AWS gives two minutes.
        """
        hit: list[str] = self.ask("interrupt", target=target, warning_s=warning_s)
        return hit

    def no_default_vpc(self, region: str) -> None:
        """Take away a region's default VPC; `empty` brings it back."""
        self.ask("no_default_vpc", region=region)

    def image(self, region: str, architecture: str = "amd64", *, release: str = "24.04") -> str:
        """Return the id of Canonical's current image."""
        return str(self.ask("image", region=region, architecture=architecture, release=release))
