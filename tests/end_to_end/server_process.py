"""``calltally serve`` as a process of its own, to be killed, stopped and started again on one directory."""

import json
import resource
import signal
import subprocess
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Self

import httpx
import msgspec

from tests.end_to_end.command_line import PROGRAM, cli_json, environment

_START_SECONDS = 60


class ServerProcess:
    """A server on a data directory, for as long as the context lasts; it takes any free port.

    ``settings`` go to ``--set``. What the server logs is kept beside the directory.
    """

    def __init__(self, directory: Path, **settings: object) -> None:
        self.directory = directory
        self.address = ""
        self._settings = settings
        self._log = directory.with_name(f"{directory.name}.log")
        self._logged = 0
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self.kill()

    @property
    def pid(self) -> int:
        return self._running().pid

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Returns once requests are answered."""
        self.launch()
        self.wait_until_it_serves()

    def launch(self) -> None:
        """Starts the process and waits for nothing."""
        self._logged = len(self._log.read_bytes()) if self._log.exists() else 0
        words = ["serve", "--data", str(self.directory), "--port", "0"]
        for name, value in ({"log_format": "json"} | self._settings).items():
            words += ["--set", f"{name}={value}"]
        self._log.parent.mkdir(parents=True, exist_ok=True)
        with self._log.open("ab") as log:
            self._process = subprocess.Popen([*self.program(), *words], stderr=log, env=self.variables())

    def program(self) -> list[str]:
        """What is run with the words of the command line."""
        return [str(PROGRAM)]

    def variables(self) -> dict[str, str]:
        """The environment of the process."""
        return environment()

    def wait_until_it_opens(self) -> None:
        self._awaited("opening")

    def wait_until_it_serves(self) -> None:
        self.address = self._awaited("serving")["address"]

    def kill(self) -> None:
        """Ends the process as the out-of-memory killer does: nothing is told to it."""
        process, self._process, self.address = self._running(), None, ""
        process.kill()
        process.wait()

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Asks the process to end, and returns its exit code once it did."""
        process, self._process, self.address = self._running(), None, ""
        process.send_signal(number)
        return process.wait(_START_SECONDS)

    def limit_file_size(self, size: int) -> None:
        """Lets no file of the process grow beyond so many bytes, as on a disk that is full."""
        resource.prlimit(self.pid, resource.RLIMIT_FSIZE, (size, size))

    def wait(self) -> int:
        """The exit code, once the process has ended by itself."""
        process, self._process, self.address = self._running(), None, ""
        return process.wait(_START_SECONDS)

    def restart(self) -> None:
        self.stop()
        self.start()

    def log(self) -> str:
        """All that the server logged, in whatever form."""
        return self._log.read_text()

    def events(self) -> list[dict[str, Any]]:
        """What the server logged since it was started."""
        lines = self._log.read_bytes()[self._logged :].split(b"\n")[:-1]
        assert all(line.startswith(b"{") for line in lines), b"\n".join(lines).decode()
        return [json.loads(line) for line in lines]

    def new_client(self, organization: str = "acme", *permissions: str) -> "Credentials":
        """Makes a client with the command line."""
        granted = [word for permission in permissions for word in ("--permission", permission)]
        made = cli_json(
            *("client", "create", "--data", self.directory),
            *("--organization", organization, "--name", "test", "--json", *granted),
        )
        return Credentials(made["client_id"], made["client_secret"])

    def token(self, credentials: "Credentials | None" = None) -> str:
        """An access token, of a new client of acme's if no other is named."""
        found = credentials or self.new_client()
        form = {"grant_type": "client_credentials", **found.as_form()}
        response = httpx.post(f"{self.address}/oauth/token", data=form)
        assert response.status_code == 200, response.text
        token: str = response.json()["access_token"]
        return token

    def visitor(self, token: str = "") -> httpx.Client:
        """Speaks to the server, with a token if there is one."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx.Client(base_url=self.address, headers=headers, timeout=60)

    def memory(self) -> int:
        """The most memory, in bytes, that the process held so far."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        (peak,) = (line for line in status.splitlines() if line.startswith("VmHWM:"))
        return int(peak.split()[1]) * 1024

    def _running(self) -> subprocess.Popen[bytes]:
        assert self._process is not None, "the server does not run"
        return self._process

    def _awaited(self, event: str) -> dict[str, Any]:
        process = self._running()
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            ended = process.poll() is not None
            for logged in self.events():
                if logged["event"] == event:
                    return logged
            assert not ended, self._log.read_text()
            time.sleep(0.01)
        raise AssertionError(f"no {event!r} in {_START_SECONDS} seconds: {self._log.read_text()}")


class Credentials:
    """What a client logs in with."""

    def __init__(self, client_id: str, client_secret: str) -> None:
        self.client_id = client_id
        self.client_secret = client_secret

    def as_form(self) -> dict[str, str]:
        return {"client_id": self.client_id, "client_secret": self.client_secret}


def post(
    visitor: httpx.Client, calls: Iterable[Mapping[str, object]], *, backfill: bool = False
) -> dict[str, Any]:
    """Sends calls in one request, as NDJSON, and returns what became of them."""
    response = visitor.post(
        "/v1/calls",
        params={"backfill": "true"} if backfill else {},
        content=ndjson(calls),
        headers={"Content-Type": "application/x-ndjson"},
    )
    assert response.status_code in (200, 422), response.text
    receipt: dict[str, Any] = response.json()
    return receipt


def usage(visitor: httpx.Client, **question: str) -> list[dict[str, Any]]:
    """The rows of the answer to a question."""
    response = visitor.get("/v1/usage", params={"limit": "10000", **question})
    assert response.status_code == 200, response.text
    rows: list[dict[str, Any]] = response.json()["rows"]
    return rows


def total(visitor: httpx.Client) -> int:
    """How many calls of all times are counted."""
    (row,) = usage(visitor, **{"from": "1970-01-01", "to": "2100-01-01"})
    count: int = row["calls"]
    return count


def ndjson(calls: Iterable[Mapping[str, object]]) -> bytes:
    return b"\n".join(map(msgspec.json.encode, calls))
