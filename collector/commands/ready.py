"""`collector ready`: is the collector on this machine ready? For healthchecks of containers."""

import http.client
import json

import click

from collector.errors import CollectorError
from collector.settings import is_loopback, read_settings

DEADLINE_S = 4.0


@click.command()
@click.pass_obj
def ready(environment: dict[str, str]) -> None:
    """Ask the collector at COLLECTOR_HOST and COLLECTOR_PORT; exit 1 with the reason unless it is ready."""
    settings = read_settings(environment)
    # Bound to all addresses, it answers on loopback as well.
    host = settings.host if is_loopback(settings.host) else "127.0.0.1"
    connection = http.client.HTTPConnection(host.strip("[]"), settings.port, timeout=DEADLINE_S)
    try:
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        said = json.loads(answer.read(65_536))
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise CollectorError(
            f"no collector answers at {host} port {settings.port}: {type(error).__name__}"
        ) from None
    finally:
        connection.close()
    if answer.status != http.client.OK:
        raise CollectorError(str(said.get("reason", answer.status)))
    click.echo("ready")
