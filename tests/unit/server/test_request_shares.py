"""What requests hold while they are answered, and whose it is."""

import asyncio
from collections.abc import Iterable
from contextlib import AsyncExitStack
from typing import Any

import pytest

from calltally.api.body_budget import BodyBudget
from calltally.api.request_share import RequestShares, SharingAuthenticator
from calltally.auth.caller import Caller
from calltally.errors import BusyError
from calltally.server.bounded_bodies import BodyTransferLimits, BoundedBodies
from calltally.shares import Shares


class Anybody:
    """Takes the header for the name of an organization."""

    async def authenticate(self, authorization: str | None) -> Caller:
        return Caller("client", authorization or "", frozenset())


class Server:
    """Requests with bodies of any size, each held open until the end of the context."""

    def __init__(self, *, bodies: int = 1000, strangers: int = 100, requests: int = 100) -> None:
        self.shares = RequestShares(BodyBudget(bodies), BodyBudget(strangers), Shares(requests))
        self.authenticator = SharingAuthenticator(Anybody())
        self._bounded = BoundedBodies(self._app, BodyTransferLimits(60, 1, self.shares))
        self._taken: asyncio.Queue[None] = asyncio.Queue()
        self._over = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def take(
        self, parts: Iterable[bytes], *, organization: str = "", address: str = "", announced: int = 0
    ) -> None:
        """Returns once all of this was read; raises what the request was refused with."""
        coming = iter(parts)

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": next(coming), "more_body": True}

        async def send(_: object) -> None: ...

        headers = [(b"authorization", organization.encode())] if organization else []
        headers += [(b"content-length", b"%d" % announced)] if announced else []
        scope = {"type": "http", "headers": headers, "client": (address, 1) if address else None}
        request = asyncio.create_task(self._bounded(scope, receive, send))
        self._tasks.append(request)
        taken = asyncio.create_task(self._taken.get())
        await asyncio.wait([request, taken], return_when=asyncio.FIRST_COMPLETED)
        if request.done():
            taken.cancel()
            await request

    async def __aenter__(self) -> "Server":
        return self

    async def __aexit__(self, *_: object) -> None:
        self._over.set()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _app(self, scope: Any, receive: Any, _: Any) -> None:
        headers = dict(scope["headers"])
        if b"authorization" in headers:
            await self.authenticator.authenticate(headers[b"authorization"].decode())
        while True:
            try:
                await receive()
            except RuntimeError:  # no part is left
                break
        self._taken.put_nowait(None)
        await self._over.wait()


async def test_a_body_is_held_until_its_request_is_over_and_only_as_far_as_it_came() -> None:
    async with Server() as server:
        await server.take([b"x" * 30, b"x" * 40], organization="acme", announced=400)
        assert server.shares.bodies.held == 70
        assert server.shares.requests.held_by("acme") == 1

    assert (server.shares.bodies.held, server.shares.requests.held) == (0, 0)


async def test_a_body_that_announces_more_than_its_organization_may_have_is_not_read() -> None:
    async with Server() as server:
        with pytest.raises(BusyError):
            await server.take([b"x"], organization="acme", announced=501)

    assert server.shares.bodies.held == 0


async def test_an_organization_that_holds_all_it_may_leaves_as_much_to_others() -> None:
    async with Server() as server:
        await server.take([b"x" * 500], organization="acme")
        with pytest.raises(BusyError):
            await server.take([b"x"], organization="acme")
        await server.take([b"x" * 250], organization="globex")


async def test_requests_of_an_organization_are_bounded_by_those_that_are_free() -> None:
    async with Server(requests=10) as server:
        for _ in range(5):
            await server.take([b"x"], organization="acme")
        with pytest.raises(BusyError, match="10 requests"):
            await server.take([b"x"], organization="acme")
        await server.take([b"x"], organization="globex")


async def test_whoever_has_no_token_takes_nothing_from_those_who_have_one() -> None:
    async with Server() as server:
        await server.take([b"x" * 50], address="192.0.2.1")
        with pytest.raises(BusyError):
            await server.take([b"x"], address="192.0.2.1")
        await server.take([b"x" * 25], address="192.0.2.2")
        await server.take([b"x" * 500], organization="acme", address="192.0.2.1")


async def test_addresses_of_one_network_of_ipv6_are_one_stranger() -> None:
    async with Server() as server:
        await server.take([b"x" * 50], address="2001:db8::1")
        with pytest.raises(BusyError):
            await server.take([b"x"], address="2001:db8::2")


async def answered(server: Server, organization: str, size: int, reading: asyncio.Event) -> int:
    """The status of an answer of so many bytes; the client reads it once that is set."""
    statuses = []

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await server.authenticator.authenticate(organization)
        headers = [(b"content-length", b"%d" % size)]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": bytes(size)})

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])
        else:
            await reading.wait()

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    bounds = BodyTransferLimits(60, 1, server.shares)
    await BoundedBodies(app, bounds)({"type": "http", "headers": [], "client": None}, receive, send)
    return int(statuses[0])


async def test_answers_that_nobody_reads_are_held_as_their_organizations_and_no_more_than_its_share() -> None:
    megabyte, reading = 10**6, asyncio.Event()
    async with Server(bodies=10 * megabyte) as server:
        unread = [asyncio.create_task(answered(server, "acme", megabyte, reading)) for _ in range(5)]
        await asyncio.sleep(0)
        assert server.shares.bodies.held == 5 * megabyte
        refusal = asyncio.create_task(answered(server, "acme", megabyte, reading))
        other = asyncio.create_task(answered(server, "globex", megabyte, reading))
        small = asyncio.create_task(answered(server, "acme", 1000, reading))
        await asyncio.sleep(0)
        reading.set()

        assert await refusal == 503
        assert await asyncio.gather(*unread, other, small) == [200] * 7
        assert server.shares.bodies.held == 0


async def test_a_request_that_is_refused_holds_nothing() -> None:
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(Server(requests=2))
        await server.take([b"x"], organization="acme")
        for _ in range(10):
            with pytest.raises(BusyError):
                await server.take([b"x"], organization="acme")
        assert server.shares.requests.held == 1
