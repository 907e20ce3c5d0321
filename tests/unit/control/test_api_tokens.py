import re

import pytest

from calltally.errors import InvalidInputError, NotFoundError
from tests.installations import NOON, Installation

NOON_MS = int(NOON.timestamp()) * 1000


def test_a_token_is_found_by_its_text(installation: Installation) -> None:
    client = installation.clients.create("acme", "Billing")

    new = installation.api_tokens.create(client.client_id, "laptop", expires_ms=NOON_MS + 1000)

    found = installation.api_tokens.find(new.token)
    assert found is not None
    assert (found.token_id, found.client_id, found.name) == (new.token_id, client.client_id, "laptop")
    assert (found.created_ms, found.expires_ms, found.revoked_ms) == (NOON_MS, NOON_MS + 1000, None)


def test_a_token_shows_where_it_belongs_and_has_256_random_bits(installation: Installation) -> None:
    client = installation.clients.create("acme", "Billing")

    new = installation.api_tokens.create(client.client_id, "laptop")

    assert re.fullmatch(r"ct_[A-Za-z0-9_-]{43}", new.token)
    assert new.token not in repr(new)


@pytest.mark.parametrize("token", ["", "ct_", "ct_unknown", "\ud800", "ct_\0"])
def test_an_unknown_token_is_not_found(installation: Installation, token: str) -> None:
    assert installation.api_tokens.find(token) is None


def test_a_revoked_token_says_when(installation: Installation) -> None:
    client = installation.clients.create("acme", "Billing")
    new = installation.api_tokens.create(client.client_id, "laptop")

    installation.api_tokens.revoke(new.token_id)

    assert [token.revoked_ms for token in installation.api_tokens.list()] == [NOON_MS]


@pytest.mark.parametrize("token_id", ["nothing", "no\0thing", "\udcff"])
def test_a_token_that_does_not_exist_cannot_be_revoked(installation: Installation, token_id: str) -> None:
    with pytest.raises(NotFoundError, match="there is no API token with the id"):
        installation.api_tokens.revoke(token_id)


@pytest.mark.parametrize("client_id", ["nobody", "no\0body", "\udcff"])
def test_a_client_that_does_not_exist_gets_no_token(installation: Installation, client_id: str) -> None:
    with pytest.raises(NotFoundError, match="there is no client"):
        installation.api_tokens.create(client_id, "laptop")


def test_each_organization_has_its_own_tokens(installation: Installation) -> None:
    ours = installation.clients.create("acme", "Billing")
    theirs = installation.clients.create("globex", "Billing")
    token = installation.api_tokens.create(ours.client_id, "laptop")
    installation.api_tokens.create(theirs.client_id, "laptop")

    assert [found.token_id for found in installation.api_tokens.list("acme")] == [token.token_id]
    assert len(installation.api_tokens.list()) == 2


def test_a_revoked_client_gets_no_token(installation: Installation) -> None:
    client = installation.clients.create("acme", "Billing")
    installation.clients.revoke(client.client_id)

    with pytest.raises(NotFoundError, match="there is no client"):
        installation.api_tokens.create(client.client_id, "laptop")


def test_a_token_needs_a_name(installation: Installation) -> None:
    client = installation.clients.create("acme", "Billing")

    with pytest.raises(InvalidInputError, match="name must be 1 to 256 characters"):
        installation.api_tokens.create(client.client_id, "")
