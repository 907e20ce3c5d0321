"""Durable, exact inserts into PostgreSQL: a copied batch, and what of it is new."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import LiteralString

import psycopg

from benchmarks.inserted import Row
from benchmarks.skewed_calls import ORGANIZATION

_BINARIES = Path("/usr/lib/postgresql")
_OWNER = "postgres"
_SETTINGS = {
    "shared_buffers": "1GB",
    "max_wal_size": "8GB",
    "listen_addresses": "127.0.0.1",
    "maintenance_work_mem": "1GB",
}
"""Otherwise as it comes: every commit waits for its sync."""

_COLUMNS: LiteralString = """
    organization text NOT NULL, origin text NOT NULL, id text NOT NULL, time_ms bigint, status int,
    duration_ms bigint, response_bytes bigint, client_id text, user_id text, source_id text, account_id text,
    method text, route text, path text
"""


_FEW = 100
"""Rows up to which it is quicker to insert them one by one, sent together."""

_ONE: LiteralString = f"INSERT INTO call VALUES ({', '.join(['%s'] * 14)}) ON CONFLICT DO NOTHING"


class PostgresRival:
    """The table has the text key (organization, origin, id); rows are inserted ``ON CONFLICT DO NOTHING``,
    those of larger batches from a table beside it that they are copied to."""

    name = "PostgreSQL"

    def __init__(self, connection: psycopg.Connection, server: int) -> None:
        self._connection = connection
        self._server = server

    def prepare(self, rows: Sequence[Row]) -> Sequence[Row]:
        return [(ORGANIZATION, "", *row) for row in rows]

    def insert(self, batch: Sequence[Row]) -> int:
        with self._connection.transaction(), self._connection.cursor() as cursor:
            if len(batch) <= _FEW:
                cursor.executemany(_ONE, batch)
            else:
                with cursor.copy("COPY batch FROM STDIN") as copy:
                    for row in batch:
                        copy.write_row(row)
                cursor.execute("INSERT INTO call SELECT * FROM batch ON CONFLICT DO NOTHING")
            new: int = cursor.rowcount
            return new

    def cpu_seconds(self) -> float:
        """This process's and the server's, with all processes that the server has started."""
        return time.process_time() + sum(map(_cpu_seconds, [self._server, *_children(self._server)]))


@contextmanager
def postgres_rival(seen: int) -> Iterator[PostgresRival]:
    """A server of its own with ``seen`` calls in its table; it is gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="calltally-postgres-"))
    try:
        with _server(folder) as (port, pid), psycopg.connect(_address(port), autocommit=True) as connection:
            connection.execute(f"CREATE TABLE call ({_COLUMNS})")
            _fill(connection, seen)
            connection.execute("ALTER TABLE call ADD PRIMARY KEY (organization, origin, id)")
            connection.execute("CREATE TEMP TABLE batch (LIKE call) ON COMMIT DELETE ROWS")
            connection.execute("CHECKPOINT")
            yield PostgresRival(connection, pid)
    finally:
        shutil.rmtree(folder)


def _fill(connection: psycopg.Connection, seen: int) -> None:
    connection.execute(
        """
        INSERT INTO call
        SELECT %s, '', gen_random_uuid()::text, 1700000000000 + n, 200, n %% 900, n %% 9000,
               'client-' || n %% 2000, 'user-' || n %% 20000, 'source-' || n %% 250, 'account-' || n %% 20000,
               'GET', '/v1/things-' || n %% 400 || '/{id}', '/v1/things-' || n %% 400 || '/' || n
        FROM   generate_series(1, %s) AS n
        """,
        (ORGANIZATION, seen),
    )


@contextmanager
def _server(folder: Path) -> Iterator[tuple[int, int]]:
    """The port and process of a running server, whose files are in the folder."""
    programs = max(_BINARIES.glob("*/bin"), key=lambda path: int(path.parent.name))
    data = folder / "data"
    user = _OWNER if os.getuid() == 0 else None  # it refuses to run as root
    if user is not None:
        owner = pwd.getpwnam(_OWNER)
        os.chown(folder, owner.pw_uid, owner.pw_gid)
    subprocess.run(
        [programs / "initdb", "--pgdata", data, "--auth", "trust", "--username", _OWNER],
        check=True,
        capture_output=True,
        cwd=folder,
        user=user,
        group=user,
    )
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
    settings = [f"-c{name}={value}" for name, value in _SETTINGS.items()]
    command: list[str | Path] = [programs / "postgres", "-D", data, "-p", str(port), "-k", folder, *settings]
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(command, stderr=log, cwd=folder, user=user, group=user)
    try:
        _wait_for(port)
        yield port, process.pid
    finally:
        process.terminate()  # an end that waits for clients to leave, who have
        process.wait()


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            psycopg.connect(_address(port)).close()
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


def _address(port: int) -> str:
    return f"host=127.0.0.1 port={port} user={_OWNER} dbname=postgres"


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _cpu_seconds(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    except FileNotFoundError:  # a helper of the server that has ended meanwhile
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
