"""Every page of the dashboard, by a name for its pictures, on the generated history."""

from tests.dashboard import truth
from tests.dashboard.world import SERVERS

PAGES = {
    "matrix": "/matrix",
    "sweeps": "/sweeps",
    "sweep": f"/sweeps/{truth.NEWEST_ID}",
    "runs": "/runs",
    "run": f"/runs/{truth.run_id(truth.SWEEPS - 1, truth.VOIDED_ROUND, truth.VOIDED)}",
    "fleet": "/fleet",
    "servers": "/servers?sort=change",
    "api": "/api",
}
MEASURED = len(SERVERS)
