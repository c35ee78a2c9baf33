"""What a host costs, by the cloud's own price list."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from math import fsum
from typing import Any

from orchestrator.cloud.clients import Clients, pages
from orchestrator.cloud.refusals import CloudRefused, asking
from orchestrator.cloud.wish import Wish

LISTED_IN = "us-east-1"
"""Where the price list of every region is asked for."""
HOURS_PER_MONTH = 730.0
"""What the cloud itself counts for a month."""
HOST = {
    "operatingSystem": "Linux",
    "tenancy": "Shared",
    "preInstalledSw": "NA",
    "capacitystatus": "Used",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Price:
    """What a host costs in USD per hour: itself, its public IPv4 address, its disk; and of when that is.

    Spot capacity is counted at the price on demand, which it does not exceed.
    """

    host_usd: float
    address_usd: float
    disk_usd: float
    date: str

    @property
    def usd_per_hour(self) -> float:
        """All of it together."""
        return fsum((self.host_usd, self.address_usd, self.disk_usd))


class PriceList:
    """Asks the price list, each question once; None where it has no figure."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._guard = threading.Lock()
        self._asked: dict[tuple[str, ...], tuple[float, str] | None] = {}
        self._refused: CloudRefused | None = None

    def price(self, wish: Wish) -> Price | None:
        """Return the price of the dearest type that may be had, None where one figure is missing.

        Raise `CloudRefused` where the list cannot be asked.
        """
        region = wish.region
        hosts = [self._usd("AmazonEC2", regionCode=region, instanceType=name, **HOST) for name in wish.types]
        # A type that the list does not have is one that the region does not have.
        known = [found for found in hosts if found is not None]
        disk = self._usd("AmazonEC2", regionCode=region, volumeApiName=wish.disk_type)
        address = self._usd("AmazonVPC", regionCode=region, group="VPCPublicIPv4Address")
        if not known or disk is None or (address is None and wish.has_public_address):
            return None
        dearest = max(known)
        address_usd, address_date = address if address and wish.has_public_address else (0.0, dearest[1])
        return Price(
            host_usd=dearest[0],
            address_usd=address_usd,
            disk_usd=disk[0] * wish.disk_gb / HOURS_PER_MONTH,
            date=min(dearest[1], address_date, disk[1]),
        )

    def _usd(self, service: str, **facts: str) -> tuple[float, str] | None:
        key = (service, *(f"{name}={value}" for name, value in sorted(facts.items())))
        with self._guard:
            if self._refused is not None:
                raise self._refused
            if key not in self._asked:
                try:
                    self._asked[key] = self._dearest(service, facts)
                except CloudRefused as error:
                    self._refused = error
                    raise
            return self._asked[key]

    def _dearest(self, service: str, facts: dict[str, str]) -> tuple[float, str] | None:
        filters = [{"Type": "TERM_MATCH", "Field": name, "Value": value} for name, value in facts.items()]
        with asking(LISTED_IN):
            client = self._clients.client("pricing", LISTED_IN)
            found = [
                (usd, str(product.get("publicationDate", ""))[:10])
                for text in pages(client, "get_products", "PriceList", ServiceCode=service, Filters=filters)
                for product in [json.loads(str(text))]
                for usd in _on_demand(product)
            ]
        return max(found, default=None)


def _on_demand(product: dict[str, Any]) -> Iterator[float]:
    for term in product.get("terms", {}).get("OnDemand", {}).values():
        for dimension in term["priceDimensions"].values():
            usd = float(dimension["pricePerUnit"].get("USD", 0))
            if usd > 0:
                yield usd
