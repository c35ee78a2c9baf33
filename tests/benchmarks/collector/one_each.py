"""The collector with a transaction for each report: what coalescing is measured against."""

import collector.ingest.queue
from collector.__main__ import main

if __name__ == "__main__":
    collector.ingest.queue.MOST_RUNS_TOGETHER = 1
    main()
