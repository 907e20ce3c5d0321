"""A real ``calltally serve`` process on a directory, and what can be read of it from outside."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx
import msgspec

from benchmarks.skewed_calls import ORGANIZATION

CALLTALLY = Path(sys.executable).with_name("calltally")
_PATIENCE = 120.0
_ENOUGH_REQUESTS = 1_000_000
_LIMITS = ("sailpoint_requests", "segment_requests_per_minute", "genesys_requests_per_minute")


class ServerProcess:
    """Runs from entering to leaving the context, on 127.0.0.1 only; ended by SIGTERM, by its process id.

    A client of `ORGANIZATION` is made with the command line and logged in. The log is in ``server.log`` in
    the directory.
    """

    def __init__(self, directory: Path, **settings: object) -> None:
        self.directory = directory
        self.port = _free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.seconds_to_first_answer = 0.0
        self._settings = {**dict.fromkeys(_LIMITS, _ENOUGH_REQUESTS), **settings}
        self._client = httpx.Client(base_url=self.address, timeout=_PATIENCE)
        self._process: subprocess.Popen[bytes]

    def __enter__(self) -> "ServerProcess":
        command = [str(CALLTALLY), "client", "create", "--data", str(self.directory)]
        made = subprocess.run(
            [*command, "--organization", ORGANIZATION, "--name", "benchmark", "--json"],
            check=True,
            capture_output=True,
            env=_environment(),
        )
        secret = msgspec.json.decode(made.stdout)
        self.start()
        login = {"grant_type": "client_credentials"} | {
            name: secret[name] for name in ("client_id", "client_secret")
        }
        token = self._client.post("/oauth/token", data=login).raise_for_status().json()["access_token"]
        self._client.headers["Authorization"] = f"Bearer {token}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()
        self.stop()

    def start(self) -> None:
        """Returns once the first request is answered."""
        assignments = [f"--set={name}={value}" for name, value in self._settings.items()]
        command = [str(CALLTALLY), "serve", "--data", str(self.directory), "--port", str(self.port)]
        with (self.directory / "server.log").open("ab") as log:
            began = time.perf_counter()
            self._process = subprocess.Popen([*command, *assignments], stderr=log, env=_environment())
        while not self._answers():
            if self._process.poll() is not None or time.perf_counter() - began > _PATIENCE:
                self.stop()
                raise RuntimeError(f"the server did not come up; see {self.directory / 'server.log'}")
            time.sleep(0.01)
        self.seconds_to_first_answer = time.perf_counter() - began

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        if self._process.poll() is None:
            self._process.send_signal(number)
        try:
            self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def headers(self) -> dict[str, str]:
        """What a request must carry to be let in."""
        return {"Authorization": self._client.headers["Authorization"]}

    @property
    def cpu_seconds(self) -> float:
        """Processor time used so far, by all threads."""
        fields = Path(f"/proc/{self.pid}/stat").read_text("ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory_mib(self, name: str = "VmRSS") -> float:
        """Resident memory now, or at its highest (``VmHWM``)."""
        status = Path(f"/proc/{self.pid}/status").read_text("ascii").splitlines()
        return next(int(line.split()[1]) / 1024 for line in status if line.startswith(name))

    def ask(self, path: str, **params: str) -> Any:
        """The JSON that a question is answered with; one that came too early is asked again."""
        deadline = time.monotonic() + _PATIENCE
        while True:
            response = self._client.get(path, params=params)
            if response.status_code != 503 or time.monotonic() > deadline:
                return response.raise_for_status().json()

    def settled(self) -> None:
        """Returns once all that was acknowledged is in the store."""
        self.ask("/v1/outcomes")  # the books are told then

    def calls(self) -> int:
        """How many calls are counted, of any time, with all that was acknowledged."""
        answer = self.ask("/v1/usage", **{"from": "2000-01-01", "to": "2100-01-01", "metrics": "calls"})
        return int(answer["rows"][0]["calls"])

    def metrics(self) -> dict[str, float]:
        """The numbers of ``/metrics``, without labelled ones."""
        lines = self._client.get("/metrics").text.splitlines()
        pairs = (line.rpartition(" ") for line in lines if not line.startswith("#") and "{" not in line)
        return {name.removeprefix("calltally_"): float(value) for name, _, value in pairs}

    def _answers(self) -> bool:
        try:
            return self._client.get("/healthz").is_success
        except httpx.TransportError:
            return False


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def _environment() -> dict[str, str]:
    """Without settings of this machine's user."""
    return {name: value for name, value in os.environ.items() if not name.startswith("CALLTALLY_")}
