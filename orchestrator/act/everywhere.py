"""Testers of `regions: all`: one for every region that an account has."""

from collections import Counter
from collections.abc import Iterator
from functools import cache

from pydantic import TypeAdapter, ValidationError

from orchestrator.act.clouds import account_of, can_ask
from orchestrator.errors import ConfigurationError
from orchestrator.fleet.fields import Name
from orchestrator.fleet.model import Fleet, Tester
from orchestrator.fleet.part import Location
from orchestrator.places.machine.docker_machine import known_regions
from orchestrator.places.machine.environment import AMAZON, MachineEnvironment
from orchestrator.places.machine.keys import Keys, keys_in_options
from orchestrator.places.machine.program import MachineProgram
from orchestrator.settings import Edge

NAMES: TypeAdapter[str] = TypeAdapter(Name)


def everywhere(fleet: Fleet, *, edge: Edge) -> Fleet:
    """Return a fleet whose `regions: all` is carried out, by what AWS says is enabled.

    Regions that this docker-machine cannot make a host in are left out; `check` names them. Raise
    `ConfigurationError` where nobody can tell.
    """
    names = fleet.testers_of_all_regions()
    if not names:
        return fleet

    @cache
    def enabled(keys: Keys | None) -> tuple[str, ...]:
        from orchestrator.cloud.regions import regions_of

        return tuple(sorted(regions_of(account_of(keys, edge=edge)).enabled))

    def expanded(tester: Tester) -> Iterator[Tester]:
        if tester.regions != "all":
            yield tester
            return
        if tester.driver != AMAZON or not can_ask():
            raise ConfigurationError(
                f"`regions: all` of {tester.name} cannot be carried out",
                cause='the extra `aws` is not installed: pip install "orchestrate-latency[aws]"'
                if tester.driver == AMAZON
                else f"nobody knows how to ask the cloud of driver {tester.driver} for its regions",
                next_step="name them: `regions: [eu-west-1, us-east-1]`",
            )
        known = known_regions(program_at(edge).version())
        for region in enabled(keys_in_options(tester.options)):
            if known is None or region in known:
                yield _in_region(tester, region)

    testers = tuple(each for tester in fleet.testers for each in expanded(tester))
    _check_names(testers)
    return fleet.model_copy(update={"testers": testers})


def _check_names(testers: tuple[Tester, ...]) -> None:
    # The file was checked before the account said which regions there are.
    for name, count in Counter(tester.name for tester in testers).items():
        if count > 1:
            raise ConfigurationError(
                f"two testers are called `{name}`",
                cause="`regions: all` names its testers NAME-REGION",
                next_step="give one of them another name",
            )
        try:
            NAMES.validate_python(name)
        except ValidationError as error:
            raise ConfigurationError(
                f"`{name}` cannot be a tester's name",
                cause=error.errors()[0]["msg"],
                next_step="give the tester of `regions: all` a shorter name",
            ) from None


def _in_region(tester: Tester, region: str) -> Tester:
    location = tester.location or Location()
    return tester.model_copy(
        update={
            "name": f"{tester.name}-{region}",
            "regions": None,
            "location": location.model_copy(update={"region": region}),
            "options": {**tester.options, f"{AMAZON}-region": region},
        }
    )


def program_at(edge: Edge) -> MachineProgram:
    """Return the docker-machine of a place, to be asked for its version."""
    nowhere = edge.settings.state_dir
    environment = MachineEnvironment(
        edge.environment, store=nowhere / "none", keys=nowhere / "none", user_keys=lambda _: None
    )
    return MachineProgram(edge.settings.docker_machine, environment=environment)
