"""How a command reaches a data directory, whether or not a server holds it."""

import asyncio
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from calltally.auth.owner import owner_authorization
from calltally.data_directory import DataDirectory, socket_address
from calltally.errors import BusyError, CalltallyError, DirectoryHeldError
from calltally.server.serving import Serving, owner_socket
from calltally.settings import Settings
from calltally.wiring import Installation

_PATIENCE = 120.0
_REQUEST_SECONDS = 300.0


class RefusedError(CalltallyError):
    """The owner's doors refused a request; the message is for the person at the terminal."""


class Office:
    """Speaks to the holder of a data directory as its owner, always through the owner's socket."""

    def __init__(self, address: str) -> None:
        self._client = httpx.Client(
            transport=httpx.HTTPTransport(uds=address), base_url="http://owner", timeout=_REQUEST_SECONDS
        )

    def ask(
        self,
        method: str,
        path: str,
        *,
        organization: str = "",
        content: bytes | None = None,
        json: Any = None,
        params: Sequence[tuple[str, str]] = (),
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        """One request. Raises `RefusedError` with the door's own words for anything but success."""
        authorization = {"Authorization": owner_authorization(organization)} if organization else {}
        response = self._client.request(
            method,
            path,
            content=content,
            json=json,
            params=list(params),
            headers={**authorization, **(headers or {})},
        )
        if response.is_success:
            return response
        raise RefusedError(_told(response))

    def close(self) -> None:
        self._client.close()


@contextmanager
def office(directory: Path, settings: Settings, *, counting: bool) -> Iterator[Office]:
    """An office for a data directory.

    When nobody holds the directory it is held and served on its socket until the end of the context, with
    the meter opened if ``counting``. When a server holds it, that one is asked.
    """
    try:
        with DataDirectory(directory) as held, _served(held, settings, counting) as found:
            yield found
            return
    except DirectoryHeldError:
        pass
    found = _reached(directory)
    try:
        yield found
    finally:
        found.close()


@contextmanager
def _served(directory: DataDirectory, settings: Settings, counting: bool) -> Iterator[Office]:
    """Serves the owner's doors from a thread of this process."""
    helper = _Helper(directory, settings, counting)
    helper.start()
    try:
        found = Office(helper.wait())
        try:
            yield found
        finally:
            found.close()
    finally:
        helper.end()


class _Helper(threading.Thread):
    """Runs an installation on an event loop of its own."""

    def __init__(self, directory: DataDirectory, settings: Settings, counting: bool) -> None:
        super().__init__(name="office", daemon=True)
        self._directory = directory
        self._settings = settings
        self._counting = counting
        self._up = threading.Event()
        self._address = directory.socket()
        self._serving: Serving | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._failure: Exception | None = None

    def run(self) -> None:
        try:
            asyncio.run(self._serve())
        except Exception as failure:  # noqa: BLE001 - handed to the thread that waits
            self._failure = failure
        finally:
            self._up.set()

    def wait(self) -> str:
        """The socket's address once it answers; raises what kept it from answering."""
        self._up.wait()
        if self._failure is not None:
            raise self._failure
        return self._address

    def end(self) -> None:
        """Closes everything; raises what went wrong meanwhile."""
        if self._loop is not None and self._serving is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._serving.stop)
        self.join()
        if self._failure is not None:
            raise self._failure

    async def _serve(self) -> None:
        installation = Installation(self._directory, self._settings)
        try:
            if self._counting:
                await installation.open_meter()
            self._loop = asyncio.get_running_loop()
            self._serving = Serving([(installation.owner_application(), owner_socket(self._address))])
            running = asyncio.create_task(self._serving.run())
            await self._serving.started()
            self._up.set()
            await running
        finally:
            await installation.close()


def _reached(directory: Path) -> Office:
    """The holder's office; a server that is still opening gets time to come up."""
    found = Office(socket_address(directory))
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            found.ask("GET", "/owner")
        except httpx.ConnectError:
            if time.monotonic() > deadline:
                found.close()
                raise BusyError(
                    f"{directory} is held by another process that does not answer", retry_after=60
                ) from None
            time.sleep(0.1)
        else:
            return found


def _told(response: httpx.Response) -> str:
    try:
        problem = response.json()
    except ValueError:
        return f"{response.status_code} {response.reason_phrase}"
    faults = [fault.get("detail", "") for fault in problem.get("errors", [])]
    return "; ".join(faults) or problem.get("detail") or problem.get("title") or str(response.status_code)
