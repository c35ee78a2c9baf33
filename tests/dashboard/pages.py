"""Every page of the dashboard, by a name for its pictures, on the generated history."""

from tests.dashboard import truth

PAGES = {
    "matrix": "/matrix",
    "slow": "/slow",
    "path": f"/path?tester={truth.LOSSY[0]}&server={truth.LOSSY[1]}",
    "sweeps": "/sweeps",
    "sweep": f"/sweeps/{truth.NEWEST_ID}",
    "runs": "/runs",
    "run": f"/runs/{truth.run_id(truth.SWEEPS - 1, truth.VOIDED_ROUND, truth.VOIDED)}",
    "compare": "/compare",
    "fleet": "/fleet",
    "servers": "/servers?sort=change",
    "api": "/api",
}
