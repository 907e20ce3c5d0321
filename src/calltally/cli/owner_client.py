"""How a command reaches a data directory, whether or not a server holds it."""

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
    """The owner's doors refused a request; the message is for the person at the terminal."""


class OwnerClient:
    """Speaks to the holder of a data directory as its owner, always through the owner's socket.

    When nobody holds the directory it is held and served on its socket until the end of the context, with
    the meter opened if ``counting``, and by a process of its own if ``apart``: entering the context does not
    wait for that one, the first request does. When another process holds it, that one is asked; and should
    that one end, being a command itself, this one takes its place.
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
        """One request, whose answer may take so many seconds, or as long as it takes.

        The content may come in pieces. Raises `RefusedError` with the door's own words for anything but
        success and the statuses of ``answers``.
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
        raise RefusedError(told(response.content) or f"{response.status_code} {response.reason_phrase}")

    def lines(self, method: str, path: str, *, json: Any = None) -> Iterator[Any]:
        """One request, and the lines of its answer as they come, each decoded from JSON.

        Raises `RefusedError` as `ask` does.
        """
        response = self._send(
            self._opened().build_request(method, path, json=json, timeout=None), stream=True
        )
        with closing(response):
            if not response.is_success:
                raise RefusedError(told(response.read()) or f"{response.status_code}")
            for line in response.iter_lines():
                yield msgspec.json.decode(line)

    def _send(self, request: httpx.Request, *, stream: bool = False) -> httpx.Response:
        client = self._opened()
        try:
            return client.send(request, stream=stream)
        except httpx.ConnectError:  # the holder has ended; nothing was sent
            client.close()
            self._client = None
            return self._opened().send(request, stream=stream)

    def _opened(self) -> httpx.Client:
        """The way to a holder, which is waited for where there is none yet."""
        if self._client is None:
            self._client = self._open()
        return self._client

    def _open(self) -> httpx.Client:
        """Holds the directory or finds a holder that can do what is wanted, in good time."""
        deadline = time.monotonic() + _PATIENCE
        while (client := self._hold() or self._reach()) is None:
            if time.monotonic() > deadline:
                text = f"{self._directory} is held by another process that does not answer"
                raise BusyError(text, retry_after=60)
            time.sleep(0.1)
        return client

    def _hold(self) -> httpx.Client | None:
        holder: LocalServer = self._begun or ThreadedServer(
            self._directory, self._settings, counting=self._counting
        )
        self._begun = None  # another process is not made: threads may run
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
        transport = httpx.HTTPTransport(uds=self._address, verify=False)  # nothing is encrypted here
        return httpx.Client(transport=transport, base_url="http://owner", timeout=_REQUEST_SECONDS)


class _Body:
    """A body in pieces that a socket takes at once: of a long one every rest would be copied each time."""

    def __init__(self, parts: Sequence[bytes]) -> None:
        self._parts = parts
        self.headers = {"Content-Length": str(sum(map(len, parts)))}

    def __iter__(self) -> Iterator[bytes]:
        for part in self._parts:
            for start in range(0, len(part), _PIECE_BYTES):
                yield part[start : start + _PIECE_BYTES]


def told(problem: bytes) -> str:
    """What problem details say, on one line; nothing where it is no problem."""
    try:
        details: dict[str, Any] = msgspec.json.decode(problem, type=dict)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return ""
    faults = [str(fault.get("detail", "")) for fault in details.get("errors", [])]
    return for_terminal("; ".join(faults) or details.get("detail") or details.get("title") or "")
