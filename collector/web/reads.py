"""All routes that read, under one roof."""

from fastapi import APIRouter, Depends

from collector.auth import require_reader
from collector.web import (
    reads_diff,
    reads_matrix,
    reads_path,
    reads_results,
    reads_runs,
    reads_servers,
    reads_slow,
    reads_sums,
    reads_sweep,
    reads_verdicts,
)

router = APIRouter(prefix="/api/v1", dependencies=[Depends(require_reader)])
for part in (
    reads_runs,
    reads_results,
    reads_servers,
    reads_matrix,
    reads_path,
    reads_slow,
    reads_sums,
    reads_sweep,
    reads_verdicts,
    reads_diff,
):
    router.include_router(part.router)
