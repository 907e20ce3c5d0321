"""Serving an application on a port and on the owner's socket, until told to stop."""

import asyncio
import contextlib
import ipaddress
import os
import signal
import socket
import ssl
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import uvicorn
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from calltally.asgi import App
from calltally.errors import CalltallyError
from calltally.server.connection import Connection, ServerState
from calltally.server.connection_limits import ConnectionLimits
from calltally.server.connection_slots import ConnectionSlots

_BACKLOG = 2048
_SECONDS_TO_FINISH = 20
_USUAL_BOUNDS = ConnectionLimits()


class PortTakenError(CalltallyError):
    """The address cannot be listened on."""


def listening_socket(host: str, port: int) -> socket.socket:
    """A bound socket; port 0 takes a free one. Raises `PortTakenError`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise PortTakenError(f"cannot listen on {host}:{port}: {error.strerror}") from None
    listener.setblocking(False)
    return listener


def owner_socket(address: str) -> socket.socket:
    """The socket in the data directory that only its owner may open; one that was left is replaced."""
    with contextlib.suppress(FileNotFoundError):
        Path(address).unlink()
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    mask = os.umask(0o177)
    try:
        listener.bind(address)
    finally:
        os.umask(mask)
    listener.setblocking(False)
    return listener


class AppServer:
    """Serves applications, each on its socket, on the running loop, until `stop` or a signal.

    With ``tls`` what comes over a network is encrypted; what comes over a socket in the file system never is.
    What the addresses and networks in ``forwarded_from`` say in ``X-Forwarded-`` headers is believed.
    """

    def __init__(
        self,
        served: Sequence[tuple[App, socket.socket]],
        *,
        forwarded_from: Iterable[str] = (),
        bounds: ConnectionLimits = _USUAL_BOUNDS,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._sockets = [listener for _, listener in served]
        proxies = [spelling for address in forwarded_from for spelling in _spellings(address)]
        self._servers = [
            _Server(_config(app, proxies, bounds, None if listener.family is socket.AF_UNIX else tls))
            for app, listener in served
        ]

    async def run(self, signals: Sequence[signal.Signals] = ()) -> None:
        """Returns once every request under way was answered, or had its time to be.

        ``signals`` stop it; they can be heard in the main thread only.
        """
        loop = asyncio.get_running_loop()
        for number in signals:
            loop.add_signal_handler(number, self.stop)
        async with asyncio.TaskGroup() as group:
            for server, listener in zip(self._servers, self._sockets, strict=True):
                group.create_task(server.serve([listener]))

    def stop(self) -> None:
        """Lets no new request in and ends once those under way are answered. Safe from a signal handler."""
        for server in self._servers:
            server.should_exit = True

    async def started(self) -> None:
        """Returns once every socket answers."""
        for server in self._servers:
            await server.up.wait()


class _Server(uvicorn.Server):
    """Leaves signals to `AppServer`, which has several servers to stop, and tells when it is up."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.up.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _spellings(address: str) -> Iterator[str]:
    """An address or network as a socket tells it that takes IPv4 only, and as one that takes both."""
    yield address
    network = ipaddress.ip_network(address)
    if isinstance(network, ipaddress.IPv4Network):
        yield f"::ffff:{network.network_address}/{96 + network.prefixlen}"


def _config(
    app: App, proxies: Sequence[str], bounds: ConnectionLimits, tls: ssl.SSLContext | None
) -> uvicorn.Config:
    """uvicorn accepts connections, tells the date and stops; HTTP itself is `Connection`'s."""
    served: Any = ProxyHeadersMiddleware(app, ",".join(proxies)) if proxies else app  # type: ignore[arg-type]

    places = ConnectionSlots(bounds.connections, proxies)

    def connection(server_state: ServerState, **_: object) -> Connection:
        return Connection(served, bounds, places, server_state)

    return uvicorn.Config(
        app,
        interface="asgi3",
        loop="none",
        http=connection,  # type: ignore[arg-type] # called like a class
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=_BACKLOG,
        timeout_graceful_shutdown=_SECONDS_TO_FINISH,
        ssl_context_factory=None if tls is None else lambda _config, _default: tls,
    )
