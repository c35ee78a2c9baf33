"""Who stands where in the generated history: thirty regions and eighteen servers."""

from dataclasses import dataclass

from collector.verdicts.floor import Place


@dataclass(frozen=True, kw_only=True, slots=True)
class Vantage:
    """A tester: one for each region, in the order of the matrix."""

    name: str
    provider: str
    region: str
    place: Place | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """A server, and the address it had from the beginning."""

    name: str
    group: str
    place: Place
    address: str


def _vantage(name: str, provider: str, region: str, lat: float, lon: float) -> Vantage:
    return Vantage(name=name, provider=provider, region=region, place=Place(lat=lat, lon=lon))


TESTERS = (
    _vantage("virginia", "aws", "us-east-1", 38.9, -77.4),
    _vantage("ohio", "aws", "us-east-2", 40.0, -83.0),
    _vantage("california", "aws", "us-west-1", 37.4, -121.9),
    _vantage("oregon", "aws", "us-west-2", 45.8, -119.7),
    _vantage("montreal", "aws", "ca-central-1", 45.5, -73.6),
    _vantage("queretaro", "aws", "mx-central-1", 20.6, -100.4),
    _vantage("sao-paulo", "aws", "sa-east-1", -23.5, -46.6),
    _vantage("iowa", "gcp", "us-central1", 41.3, -95.9),
    _vantage("santiago", "gcp", "southamerica-west1", -33.4, -70.7),
    _vantage("texas", "azure", "southcentralus", 29.4, -98.5),
    _vantage("dublin", "aws", "eu-west-1", 53.3, -6.3),
    _vantage("london", "aws", "eu-west-2", 51.5, -0.1),
    _vantage("paris", "aws", "eu-west-3", 48.9, 2.4),
    _vantage("frankfurt", "aws", "eu-central-1", 50.1, 8.7),
    _vantage("stockholm", "aws", "eu-north-1", 59.3, 18.1),
    _vantage("milan", "aws", "eu-south-1", 45.5, 9.2),
    _vantage("tel-aviv", "aws", "il-central-1", 32.1, 34.8),
    _vantage("dubai", "aws", "me-central-1", 25.2, 55.3),
    _vantage("cape-town", "aws", "af-south-1", -33.9, 18.4),
    _vantage("hamina", "gcp", "europe-north1", 60.6, 27.2),
    _vantage("mumbai", "aws", "ap-south-1", 19.1, 72.9),
    _vantage("hyderabad", "aws", "ap-south-2", 17.4, 78.5),
    _vantage("singapore", "aws", "ap-southeast-1", 1.35, 103.8),
    _vantage("sydney", "aws", "ap-southeast-2", -33.9, 151.2),
    _vantage("jakarta", "aws", "ap-southeast-3", -6.2, 106.8),
    _vantage("tokyo", "aws", "ap-northeast-1", 35.7, 139.7),
    _vantage("seoul", "aws", "ap-northeast-2", 37.6, 127.0),
    _vantage("hong-kong", "aws", "ap-east-1", 22.3, 114.2),
    _vantage("changhua", "gcp", "asia-east1", 24.1, 120.5),
    # Nobody said where it stands.
    Vantage(name="auckland", provider="azure", region="newzealandnorth", place=None),
)
UNPLACED = "auckland"
UNPLACED_AT = Place(lat=-36.9, lon=174.8)
"""Where it stands all the same, so that its RTTs are plausible."""


def _measured(number: int, name: str, group: str, lat: float, lon: float) -> Measured:
    return Measured(name=name, group=group, place=Place(lat=lat, lon=lon), address=f"192.0.2.{number}")


SERVERS = tuple(
    _measured(number, *row)
    for number, row in enumerate(
        (
            ("ams1", "edge", 52.4, 4.9),
            ("fra1", "edge", 50.1, 8.7),
            ("lhr1", "edge", 51.5, -0.4),
            ("waw1", "edge", 52.2, 21.0),
            ("mad1", "edge", 40.4, -3.7),
            ("iad1", "edge", 39.0, -77.5),
            ("ord1", "edge", 41.9, -87.6),
            ("dfw1", "edge", 32.8, -96.8),
            ("sjc1", "edge", 37.3, -121.9),
            ("gru1", "edge", -23.5, -46.6),
            ("nrt1", "game", 35.8, 140.4),
            ("icn1", "game", 37.5, 126.4),
            ("sin1", "game", 1.3, 103.9),
            ("syd1", "game", -33.9, 151.2),
            ("bom1", "game", 19.1, 72.9),
            ("jnb1", "game", -26.1, 28.2),
            ("dub-db", "core", 53.3, -6.3),
            ("iad-db", "core", 39.0, -77.5),
        ),
        start=1,
    )
)
