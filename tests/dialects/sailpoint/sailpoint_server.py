"""The server as a process of its own with calls of acme's, for clients that nobody here wrote."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.dialects.sailpoint.known_calls import KnownCalls
from tests.end_to_end.server_process import Credentials, ServerProcess, post


@dataclass(frozen=True)
class SailPointServer:
    """Where the server listens, who of acme's may log in, and what was counted."""

    base_url: str
    reader: Credentials
    known: KnownCalls
    process: ServerProcess

    def count(self, *calls: dict[str, Any]) -> None:
        """Sends calls of acme's."""
        send(self.process, self.reader, *calls)

    def sender_token(self) -> str:
        """A token of a client of acme's that may send calls and nothing else."""
        return self.process.token(self.process.new_client("acme", "calls:send"))


@contextmanager
def serving(**settings: object) -> Iterator[SailPointServer]:
    """A server with the known calls, for as long as the block lasts."""
    with (
        tempfile.TemporaryDirectory() as folder,
        ServerProcess(Path(folder) / "data", **settings) as process,
    ):
        known = KnownCalls()
        reader = process.new_client("acme")
        send(process, reader, *known.acme)
        yield SailPointServer(process.address, reader, known, process)


def send(process: ServerProcess, sender: Credentials, *calls: dict[str, Any]) -> None:
    """Counts new calls of a sender's organization, however old."""
    with process.visitor(process.token(sender)) as visitor:
        assert post(visitor, calls, backfill=True)["accepted"] == len(calls)
