from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.collector.reads.conftest import House
else:
    House = object

OSLO = {"region": "eu-north", "lat": 59.91, "lon": 10.75}
VIRGINIA = {"region": "us-east", "lat": 38.9, "lon": -77.4}
