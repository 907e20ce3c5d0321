"""Client of the owner API; starts a server if none runs."""

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any, Self

import httpx
import msgspec

from calltally.auth.owner import owner_authorization
from calltally.cli.local_server import ForkedServer, LocalServer, ThreadedServer
from calltally.data_directory import socket_address, warn_if_open_to_others
from calltally.errors import BusyError, CalltallyError, DirectoryHeldError
from calltally.harmless_text import for_terminal
from calltally.settings import Settings

_PATIENCE = 120.0
_REQUEST_SECONDS = 300.0
_PIECE_BYTES = 128 * 1024


class RefusedError(CalltallyError):
    """The owner API refused a request; the message is for the user of the command."""


class OwnerClient:
    """Client of the owner API of a data directory, always over the owner's socket.

    If no process holds the directory, a local server holds it until the end of the context, with the meter
    open if ``counting``, and in a separate process if ``apart``: then the first request waits for its start,
    not entering the context. If another process holds the directory, requests go to it; if that process was
    a command and ends, a local server replaces it.
    """

    def __init__(self, directory: Path, settings: Settings, *, counting: bool, apart: bool = False) -> None:
        self._directory = directory
        self._settings = settings
        self._counting = counting
        self._apart = apart
        self._address = ""
        self._held = ExitStack()
        self._begun: ForkedServer | None = None
        self._client: httpx.Client | None = None

    def __enter__(self) -> Self:
        if not self._apart:
            self._client = self._open()
        elif self._directory.is_dir() and (client := self._reach()) is not None:
            self._client = client
        else:
            self._begun = ForkedServer(self._directory, self._settings)
            self._begun.begin()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._opened()
        if self._begun is not None:
            self._begun.end()
        if self._client is not None:
            self._client.close()
        self._held.close()

    def ask(
        self,
        method: str,
        path: str,
        *,
        organization: str = "",
        content: bytes | Sequence[bytes] | None = None,
        json: Any = None,
        params: Sequence[tuple[str, str]] = (),
        headers: dict[str, str] | None = None,
        seconds: float | None = _REQUEST_SECONDS,
        answers: Sequence[int] = (),
    ) -> httpx.Response:
        """Send one request; ``seconds`` is its timeout, None for no timeout.

        The content may be a sequence of pieces. Raises `RefusedError` with the server's message for any
        status that is neither a success nor one of ``answers``.
        """
        authorization = {"Authorization": owner_authorization(organization)} if organization else {}
        body = None if content is None else _Body([content] if isinstance(content, bytes) else content)
        request = self._opened().build_request(
            method,
            path,
            content=body,
            json=json,
            params=list(params),
            headers={**authorization, **(body.headers if body else {}), **(headers or {})},
            timeout=seconds,
        )
        response = self._send(request)
        if response.is_success or response.status_code in answers:
            return response
        raise RefusedError(
            problem_message(response.content) or f"{response.status_code} {response.reason_phrase}"
        )

    def lines(self, method: str, path: str, *, json: Any = None) -> Iterator[Any]:
        """Send one request and yield the lines of its response as received, each decoded from JSON.

        Raises `RefusedError` as `ask` does.
        """
        response = self._send(
            self._opened().build_request(method, path, json=json, timeout=None), stream=True
        )
        with closing(response):
            if not response.is_success:
                raise RefusedError(problem_message(response.read()) or f"{response.status_code}")
            for line in response.iter_lines():
                yield msgspec.json.decode(line)

    def _send(self, request: httpx.Request, *, stream: bool = False) -> httpx.Response:
        client = self._opened()
        try:
            return client.send(request, stream=stream)
        except httpx.ConnectError:  # the server has ended; nothing was sent
            client.close()
            self._client = None
            return self._opened().send(request, stream=stream)

    def _opened(self) -> httpx.Client:
        """The client, connected; waits for a server if necessary."""
        if self._client is None:
            self._client = self._open()
        return self._client

    def _open(self) -> httpx.Client:
        """Starts a local server or connects to one. Raises `BusyError` after `_PATIENCE` seconds."""
        deadline = time.monotonic() + _PATIENCE
        while (client := self._hold() or self._reach()) is None:
            if time.monotonic() > deadline:
                text = f"{self._directory} is held by another process, which does not respond"
                raise BusyError(text, retry_after=60)
            time.sleep(0.1)
        return client

    def _hold(self) -> httpx.Client | None:
        holder: LocalServer = self._begun or ThreadedServer(
            self._directory, self._settings, counting=self._counting
        )
        self._begun = None  # do not fork again: threads may run
        try:
            self._held.enter_context(holder)
        except DirectoryHeldError:
            return None
        return self._connect()

    def _reach(self) -> httpx.Client | None:
        client = self._connect()
        try:
            about = client.get("/owner").json()
        except (httpx.TransportError, ValueError):
            about = {}
        if "version" in about and (about["counting"] or not self._counting):
            warn_if_open_to_others(self._directory)
            return client
        client.close()
        return None

    def _connect(self) -> httpx.Client:
        self._address = self._address or socket_address(self._directory)
        transport = httpx.HTTPTransport(uds=self._address, verify=False)  # a Unix socket has no TLS
        return httpx.Client(transport=transport, base_url="http://owner", timeout=_REQUEST_SECONDS)


class _Body:
    """A body in pieces that fit a socket buffer; otherwise each send copies the rest of a long body."""

    def __init__(self, parts: Sequence[bytes]) -> None:
        self._parts = parts
        self.headers = {"Content-Length": str(sum(map(len, parts)))}

    def __iter__(self) -> Iterator[bytes]:
        for part in self._parts:
            for start in range(0, len(part), _PIECE_BYTES):
                yield part[start : start + _PIECE_BYTES]


def problem_message(problem: bytes) -> str:
    """The message of a problem details body on one line; empty if the body is not one."""
    try:
        details: dict[str, Any] = msgspec.json.decode(problem, type=dict)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return ""
    faults = [str(fault.get("detail", "")) for fault in details.get("errors", [])]
    return for_terminal("; ".join(faults) or details.get("detail") or details.get("title") or "")
