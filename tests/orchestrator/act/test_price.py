"""What hosts cost is known, or told to be unknown; a budget takes no risk."""

import pytest

from orchestrator.act.price import FleetPrice
from orchestrator.errors import ConfigurationError
from orchestrator.fleet.file import read_fleet

TESTERS = (
    "testers: [{name: a, driver: amazonec2, location: {region: eu-west-1},"
    " options: {amazonec2-instance-type: t3.micro}},"
    " {name: b, driver: digitalocean, location: {region: nyc3}}, {name: c}]"
)


def price(limits: str) -> FleetPrice:
    text = f"version: 1\nname: mill\n{TESTERS}\nservers: [{{name: s, host: 192.0.2.1}}]\nlimits: {limits}\n"
    fleet = read_fleet(None, text=text, environment={})
    return FleetPrice(fleet=fleet, testers=list(fleet.testers), suppliers=None)


def test_without_a_budget_an_unknown_price_is_told() -> None:
    told = price("{deadline: 1h, prices: {t3.micro: 0.02 USD}}").check()

    assert told == "0.02 USD per hour, at most 0.02 USD in 1h, unknown for b"


def test_with_a_budget_an_unknown_price_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="nobody knows what the hosts of a, b cost"):
        price("{deadline: 1h, budget: 100 USD}").check()


@pytest.mark.parametrize("names", ["{a: 0.5 USD, b: 0.25 USD}", "{eu-west-1: 0.5 USD, nyc3: 0.25 USD}"])
def test_the_fleets_own_figures_go_by_tester_region_and_type(names: str) -> None:
    told = price(f"{{deadline: 2h, budget: 1.5 USD, prices: {names}}}").check()

    assert told == "0.75 USD per hour, at most 1.5 USD in 2h"


def test_through_a_window_the_dearest_hosts_alone_are_paid_at_once() -> None:
    limits = "{deadline: 2h, budget: 1 USD, prices: {a: 0.5 USD, b: 0.25 USD}}"
    whole, narrow = price(limits), price(limits)
    narrow.window = 1

    assert narrow.check() == "0.5 USD per hour, at most 1 USD in 2h"
    with pytest.raises(ConfigurationError, match=r"may cost 1\.5 USD"):
        whole.check()


def test_a_fleet_that_may_cost_more_than_its_budget_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"the fleet may cost 1.5 USD, and its budget is 1.49 USD"):
        price("{deadline: 2h, budget: 1.49 USD, prices: {a: 0.5 USD, b: 0.25 USD}}").check()


def test_what_runs_here_costs_nothing() -> None:
    costs = price("{prices: {a: 1 USD, b: 1 USD}}")

    assert set(costs.hosts) == {"a", "b"}
