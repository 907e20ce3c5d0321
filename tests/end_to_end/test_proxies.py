"""What a proxy says of its clients is believed where the operator named the proxy, and nowhere else."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.end_to_end.server_process import ServerProcess

PROXY, STRANGER = "127.0.0.1", "127.0.0.2"


def visitor(server: ServerProcess, address: str) -> httpx.Client:
    """Comes from an address of this machine."""
    return httpx.Client(base_url=server.address, transport=httpx.HTTPTransport(local_address=address))


def failed_login(client: httpx.Client, forwarded_for: str) -> int:
    form = {"grant_type": "client_credentials", "client_id": "nobody", "client_secret": "wrong"}
    return client.post("/oauth/token", data=form, headers={"X-Forwarded-For": forwarded_for}).status_code


@pytest.fixture(scope="module", params=["127.0.0.1", "::"], ids=["IPv4", "both"])
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServerProcess]:
    """Believes one proxy and lets one login a minute fail for each client of it."""
    settings = {
        "forwarded_from": f"{PROXY},10.0.0.0/8",
        "login_failures_per_minute": 1,
        "host": request.param,
    }
    with ServerProcess(tmp_path_factory.mktemp("proxies") / "data", **settings) as server:
        server.address = server.address.replace("[::]", "127.0.0.1")
        yield server


def test_the_clients_of_a_proxy_are_told_apart(server: ServerProcess) -> None:
    with visitor(server, PROXY) as proxy:
        first, second = failed_login(proxy, "192.0.2.1"), failed_login(proxy, "192.0.2.2")
        again = failed_login(proxy, "192.0.2.1")

    assert (first, second, again) == (401, 401, 429)


def test_a_client_cannot_put_another_address_before_what_the_proxy_says(server: ServerProcess) -> None:
    with visitor(server, PROXY) as proxy:
        first = failed_login(proxy, "198.51.100.1, 192.0.2.7")
        again = failed_login(proxy, "198.51.100.2, 192.0.2.7")

    assert (first, again) == (401, 429)


def test_a_chain_of_proxies_is_followed_as_far_as_they_are_known(server: ServerProcess) -> None:
    with visitor(server, PROXY) as proxy:
        first = failed_login(proxy, "192.0.2.8, 10.1.2.3")
        again = failed_login(proxy, "192.0.2.8, 10.9.9.9")

    assert (first, again) == (401, 429)


def test_a_stranger_who_names_other_addresses_is_one_client(server: ServerProcess) -> None:
    with visitor(server, STRANGER) as stranger:
        answers = [failed_login(stranger, f"192.0.2.{number}") for number in (21, 22, 23)]

    assert answers == [401, 429, 429]


@pytest.mark.parametrize(("address", "secured"), [(PROXY, True), (STRANGER, False)])
def test_browsers_are_told_to_stay_with_https_only_where_a_known_proxy_spoke_it(
    server: ServerProcess, address: str, secured: bool
) -> None:
    with visitor(server, address) as client:
        by_https = client.get("/openapi", headers={"X-Forwarded-Proto": "https"})
        by_http = client.get("/openapi")

    assert ("Strict-Transport-Security" in by_https.headers) is secured
    assert "Strict-Transport-Security" not in by_http.headers


def test_without_a_named_proxy_nobody_is_believed(tmp_path: Path) -> None:
    server = ServerProcess(tmp_path / "data", login_failures_per_minute=1)
    with server, visitor(server, PROXY) as client:
        answers = [failed_login(client, f"192.0.2.{number}") for number in (1, 2)]

    assert answers == [401, 429]
