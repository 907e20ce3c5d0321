"""How a command reaches a data directory, whether or not a server holds it."""

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx

from calltally.auth.owner import owner_authorization
from calltally.cli.holders import Holder, ProcessHolder, ThreadHolder
from calltally.data_directory import socket_address
from calltally.errors import BusyError, CalltallyError, DirectoryHeldError
from calltally.settings import Settings

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
def office(directory: Path, settings: Settings, *, counting: bool, apart: bool = False) -> Iterator[Office]:
    """An office for a data directory.

    When nobody holds the directory it is held and served on its socket until the end of the context, with
    the meter opened if ``counting``, and by a process of its own if ``apart``. When a server holds it, that
    one is asked.
    """
    holder: Holder = (
        ProcessHolder(directory, settings) if apart else ThreadHolder(directory, settings, counting=counting)
    )
    with ExitStack() as held:
        try:
            held.enter_context(holder)
        except DirectoryHeldError:
            found = _reached(directory)
        else:
            found = Office(socket_address(directory))
        held.callback(found.close)
        yield found


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
