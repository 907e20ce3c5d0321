"""Opens a store, applies a batch of one call and ends as by ``kill -9``.

``python -m tests.contract.killed_child FILE``
"""

import os
import signal
import sys
from pathlib import Path

from calltally.store.duckdb.duckdb_store import DuckDBUsageStore
from tests.call_batches import a_call
from tests.contract.questions import apply

if __name__ == "__main__":
    apply(DuckDBUsageStore(Path(sys.argv[1]), threads=1), a_call())
    os.kill(os.getpid(), signal.SIGKILL)
