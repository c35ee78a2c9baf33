"""The messages of docker-machine that are common, and what each of them means."""

from dataclasses import dataclass

CAPACITY = "capacity"
"""The kind of a failure that another zone may not have."""

RACE = "race"
"""The kind of a failure that is over as soon as somebody else has made what two wanted to make."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """A message that is known by `pattern`; `{region}` and `{driver}` stand in its texts.

    `code` is its entry in docs/guides/troubleshooting.md, `kind` what a program does about it.
    """

    code: str
    pattern: str
    what: str
    cause: str
    next_step: str
    kind: str = ""


KNOWN = (
    Known(
        code="no-capacity",
        pattern=r"InsufficientInstanceCapacity|InsufficientHostCapacity|SpotMaxPriceTooLow|capacity-not-available"
        r"|MaxSpotInstanceCountExceeded|not supported in your requested Availability Zone",
        what="{region} has no capacity for that instance type",
        cause="the cloud is out of hosts of that type in this zone",
        next_step="set another `amazonec2-zone` or `amazonec2-instance-type`, or try later",
        kind=CAPACITY,
    ),
    Known(
        code="quota-used-up",
        pattern=r"VcpuLimitExceeded|InstanceLimitExceeded"
        r"|(?i:droplet limit|quota ?exceeded)",
        what="the account's quota in {region} is used up",
        cause="a new account has few vCPUs in each region",
        next_step="ask for more (vCPU quota L-1216C47A), or give this region fewer testers",
        kind="quota",
    ),
    Known(
        code="throttled",
        pattern=r"RequestLimitExceeded|Throttling|TooManyRequests",
        what="{region} throttles our requests",
        cause="too many API calls of this account at once",
        next_step="lower `limits.concurrency`, then `orchestrate up` again",
        kind="throttled",
    ),
    Known(
        code="cloud-failed",
        pattern=r"InternalError|InternalFailure|ServiceUnavailable|\bUnavailable\b",
        what="the cloud itself failed in {region}",
        cause="its API answered with an error of its own, again and again",
        next_step="look at the provider's status page, and try later",
        kind="cloud",
    ),
    Known(
        code="region-not-enabled",
        pattern=r"OptInRequired|AuthFailure.*(?:region|not able to validate)|not subscribed",
        what="the account or its keys are not valid in {region}",
        cause="an opt-in region that is not enabled, a token of the old kind, or keys that are wrong",
        next_step="enable the region for the account, and use keys or a token that are valid there",
        kind="credentials",
    ),
    Known(
        code="policy-forbids",
        pattern=r"UnauthorizedOperation|AccessDenied|not authorized to perform",
        what="the account's policy does not allow it",
        cause="the keys lack a permission in {region}",
        next_step="allow it in the policy of these keys, then `orchestrate check`",
        kind="credentials",
    ),
    Known(
        code="keys-refused",
        pattern=r"ExpiredToken|RequestExpired|InvalidClientTokenId|SignatureDoesNotMatch|UnrecognizedClient",
        what="the cloud refused the keys",
        cause="they have expired or are wrong, or this machine's clock is",
        next_step="renew the keys; `date -u` shows the clock",
        kind="credentials",
    ),
    Known(
        code="no-credentials",
        pattern=r"requires AWS credentials|NoCredentialProviders"
        r"|(?i:requires the --\S*(?:token|key|password|username))",
        what="there are no credentials for driver {driver}",
        cause="neither the tester's options nor the environment have any",
        next_step="export them (AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the driver's own)",
        kind="credentials",
    ),
    Known(
        code="key-pair-exists",
        pattern=r"There is already a keypair with the name|InvalidKeyPair\.Duplicate",
        what="a key pair of that name is there already",
        cause="something of that name was made and not removed",
        next_step="`orchestrate down`, or delete that key pair in {region}",
    ),
    Known(
        code="no-such-key-pair",
        pattern=r"There is no keypair with the name|InvalidKeyPair\.NotFound",
        what="the key pair that the options name is not in {region}",
        cause="key pairs belong to one region",
        next_step="leave `amazonec2-keypair-name` out, or import the key there",
    ),
    Known(
        code="too-many-key-pairs",
        pattern=r"KeyPairLimitExceeded",
        what="{region} holds as many key pairs as it may",
        cause="key pairs were left behind, by whomever",
        next_step="delete those that nobody uses",
        kind="quota",
    ),
    Known(
        code="no-such-image",
        pattern=r"InvalidAMIID|(?i:image id .* does not exist)|The image id",
        what="there is no such image in {region}",
        cause="an image belongs to one region; docker-machine's own defaults are long gone",
        next_step="set `amazonec2-ami` to an image of that region",
    ),
    Known(
        code="no-default-vpc",
        pattern=r"no default VPC|V(?:PC|pc)IdNotSpecified|requires either the --amazonec2-subnet-id",
        what="{region} has no default VPC",
        cause="the account has deleted it, or never had one there",
        next_step="set `amazonec2-vpc-id` or `amazonec2-subnet-id`",
    ),
    Known(
        code="no-subnet",
        pattern=r"unable to find a subnet|desired subnet could not be located|InvalidSubnet"
        r"|does not belong to VpcId",
        what="no subnet fits the zone in {region}",
        cause="the zone does not exist for this account, or has no subnet in that VPC",
        next_step="set `amazonec2-zone` to a letter that has one, or `amazonec2-subnet-id` with its zone",
        kind=CAPACITY,
    ),
    Known(
        code="no-such-type",
        pattern=r"Unsupported|instance type .* (?:not supported|does not exist)"
        r"|InvalidParameterValue.*[Ii]nstance",
        what="that instance type is not to be had in this zone of {region}",
        cause="not every zone has every type, and an ARM type needs an ARM image",
        next_step="set another `amazonec2-instance-type` or `amazonec2-zone`",
        kind=CAPACITY,
    ),
    Known(
        code="unknown-region",
        pattern=r"Invalid region specified|InvalidRegion|no such host",
        what="this docker-machine does not know {region}, or cannot resolve it",
        cause="a misspelt region, one that is younger than this program, or no DNS",
        next_step="compare with `orchestrate check`; a younger fork knows more regions",
    ),
    Known(
        code="security-group-race",
        pattern=r"InvalidGroup\.Duplicate|InvalidPermission\.Duplicate",
        what="two hosts wanted to make one security group in {region}",
        cause="their creates began at the same moment",
        next_step="`orchestrate up` again",
        kind=RACE,
    ),
    Known(
        code="security-group-unusable",
        pattern=r"InvalidGroup|SecurityGroupLimitExceeded|InvalidSecurityGroup",
        what="the security group cannot be used in {region}",
        cause="it belongs to another VPC, or the region has as many as it may",
        next_step="name another by `amazonec2-security-group`",
    ),
    Known(
        code="driver-not-found",
        pattern=r"Driver \"[^\"]*\" not found|plugin binary",
        what="docker-machine has no driver {driver}",
        cause="it is no driver of its own, and no docker-machine-driver-{driver} is on PATH",
        next_step="install that driver, or mend its name",
    ),
    Known(
        code="option-not-taken",
        pattern=r"flag provided but not defined|Incorrect Usage|Found extra arguments",
        what="driver {driver} does not take one of the options",
        cause="each fork and driver has flags of its own, and a switch takes no value",
        next_step="`orchestrate check` names the option and the nearest that it knows",
    ),
    Known(
        code="no-ssh",
        pattern=r"Too many retries waiting for SSH|exit status 255|ssh: handshake failed",
        what="nobody let us in by SSH",
        cause="the host did not boot, a firewall swallows port 22, or user and key do not fit",
        next_step="open port 22 to this machine, and compare user and key with the image's",
    ),
    Known(
        code="certificate-refused",
        pattern=r"(?i:TLS handshake timeout|x509:|certificate signed by unknown)",
        what="the engine's certificate was not accepted",
        cause="a port that somebody else answers, a proxy in between, or an engine that is not up",
        next_step="open port 2376 to this machine, past any proxy, then `orchestrate up`",
    ),
    Known(
        code="engine-silent",
        pattern=r"Unable to verify the Docker daemon|Unable to query docker version"
        r"|Error checking the host|daemon is not responding"
        r"|2376: (?:connect|i/o)",
        what="the engine was installed and does not answer",
        cause="a firewall swallows port 2376, or the engine did not start",
        next_step="open port 2376 to this machine",
    ),
    Known(
        code="engine-not-started",
        pattern=r"start docker\b|docker\.service failed",
        what="the engine does not start on the host",
        cause="its options do not fit its version, or its disk or memory is too small",
        next_step="look at `journalctl -u docker` on such a host; leave `engine-*` options out",
    ),
    Known(
        code="docker-not-installed",
        pattern=r"error installing docker|Error running provisioning|(?i:ssh command error)|get\.docker\.com",
        what="Docker could not be installed on the host",
        cause="the host cannot reach a registry or mirror, or its system is not supported",
        next_step="use an image that has Docker, or set `engine-install-url`",
    ),
    Known(
        code="machine-exists",
        pattern=r"(?i)Machine \"?[^\" ]+\"? already exists|already exists",
        what="docker-machine has a machine of that name",
        cause="a former create was cut off",
        next_step="`orchestrate down`, then `orchestrate up`",
    ),
    Known(
        code="host-unknown",
        pattern=r"Missing instance ID",
        what="docker-machine does not know which host it made",
        cause="it was killed while the cloud was making it",
        next_step="look for it in {region} by its key pair",
    ),
    Known(
        code="machine-gone",
        pattern=r"does not exist",
        what="docker-machine knows no such machine",
        cause="it was removed already, or the store is another one",
        next_step="`orchestrate status`",
    ),
    Known(
        code="disk-full",
        pattern=r"no space left on device|(?i:disk quota exceeded)",
        what="a disk is full",
        cause="this machine's state directory, or the host's disk",
        next_step="`df -h`; for the host, raise `amazonec2-root-size`",
    ),
    Known(
        code="permission-denied",
        pattern=r"permission denied",
        what="something may not be read or written",
        cause="a key file or the store belongs to somebody else, or SSH's user may not use sudo",
        next_step="mend the permissions",
    ),
    Known(
        code="no-way-there",
        pattern=r"connection refused|i/o timeout|no route to host|network is unreachable|send request failed",
        what="there is no way to the host or to the cloud",
        cause="a firewall, a proxy, or no network",
        next_step="try it from here: `curl -sS https://ec2.{region}.amazonaws.com`, or the host's port 22",
    ),
)  # fmt: skip
