"""The oracle of `calltally.ingest.identities.seen_ids`: the same set over NumPy's tables and runs."""

from calltally.ingest.identities.seen_ids import SeenIds
from tests.reference.identity_run import ReferenceRun
from tests.reference.identity_table import ReferenceTable


class ReferenceSeenIds(SeenIds):
    """See `SeenIds`."""

    def __init__(self, memory: int, **sizes: int) -> None:
        super().__init__(memory, ReferenceTable, ReferenceRun, **sizes)
