import asyncio
import threading
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from calltally.auth.login import Login
from calltally.auth.token_refusal import TokenRefusalError
from calltally.auth.token_request import Credentials
from tests.installations import Installation, open_installation


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    opened = open_installation(tmp_path)
    yield opened
    opened.database.close()


class Gate:
    """Lets no secret be compared before it is opened."""

    def __init__(self, installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
        self._open = threading.Event()
        self.comparing = 0
        compare = installation.clients.verify

        def wait_and_compare(client_id: str, secret: str) -> object:
            self.comparing += 1
            self._open.wait(10)
            return compare(client_id, secret)

        monkeypatch.setattr(installation.clients, "verify", wait_and_compare)

    def open(self) -> None:
        self._open.set()


async def status_of(login: Login, client_id: str, address: str) -> int:
    try:
        await login.check([Credentials(client_id, "wrong")], address)
    except TokenRefusalError as refusal:
        return refusal.status
    return 200


async def test_of_many_logins_at_once_only_so_many_wait_and_the_others_are_told_at_once(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate(installation, monkeypatch)
    login = Login(installation.clients, 10_000, 10_000)
    flood = [
        asyncio.create_task(status_of(login, f"guess-{number}", f"192.0.2.{number % 10}"))
        for number in range(400)
    ]
    refused = [await first for first in islice(asyncio.as_completed(flood), 400 - 256)]
    gate.open()
    statuses = await asyncio.gather(*flood)

    assert refused == [503] * 144
    assert statuses.count(401) == 256


async def test_one_address_leaves_room_for_logins_from_others(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = installation.clients.create("acme", "Billing")
    gate = Gate(installation, monkeypatch)
    login = Login(installation.clients, 10_000, 10_000)
    flood = [asyncio.create_task(status_of(login, f"guess-{n}", "192.0.2.1")) for n in range(300)]
    for first in islice(asyncio.as_completed(flood), 300 - 128):
        assert await first == 503
    other = asyncio.create_task(
        login.check([Credentials(client.client_id, client.client_secret)], "192.0.2.2")
    )
    await asyncio.sleep(0.05)
    gate.open()

    assert (await other).client_id == client.client_id
    assert (await asyncio.gather(*flood)).count(401) == 128
