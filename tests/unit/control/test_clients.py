import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from calltally.control.clients import ClientRegistry
from calltally.control.permissions import DEFAULT, READ_USAGE, SEND
from calltally.control.secrets import SecretHasher
from calltally.dictionary import Kind
from calltally.errors import InvalidInputError, NotFoundError
from tests.installations import NOON, Installation

NOON_MS = int(NOON.timestamp()) * 1000


class CountingHasher(SecretHasher):
    """Says how often it was asked to compare."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_kib=8)
        self.compared = 0

    def matches(self, stored: str | None, secret: str) -> bool:
        self.compared += 1
        return super().matches(stored, secret)


def test_a_client_made_without_further_words_is_known_by_its_secret(installation: Installation) -> None:
    new = installation.clients.create("acme", "Billing")

    client = installation.clients.verify(new.client_id, new.client_secret)

    assert client is not None
    assert str(UUID(client.client_id)) == new.client_id
    assert (client.organization, client.name, client.permissions) == ("acme", "Billing", DEFAULT)
    assert (client.created_ms, client.revoked_ms) == (NOON_MS, None)


def test_an_organization_that_does_not_exist_is_made_with_its_first_client(
    installation: Installation,
) -> None:
    installation.clients.create("acme", "Billing")
    installation.clients.create("acme", "Search")

    assert [organization.name for organization in installation.organizations.list()] == ["acme"]


def test_the_name_of_a_client_is_in_the_directory_of_names(installation: Installation) -> None:
    new = installation.clients.create("acme", "Billing")

    assert installation.names.names("acme", Kind.CLIENT, [new.client_id]) == {new.client_id: "Billing"}


def test_a_secret_has_256_random_bits_and_needs_no_escaping(installation: Installation) -> None:
    secrets = {installation.clients.create("acme", "Billing").client_secret for _ in range(20)}

    assert len(secrets) == 20
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{43}", secret) for secret in secrets)


def test_a_secret_is_not_shown_when_a_new_client_is_printed(installation: Installation) -> None:
    new = installation.clients.create("acme", "Billing")

    assert new.client_secret not in repr(new)


def test_secrets_and_tokens_are_not_in_the_files_of_the_database(
    installation: Installation, tmp_path: Path
) -> None:
    client = installation.clients.create("acme", "Billing")
    token = installation.api_tokens.create(client.client_id, "laptop")

    content = b"".join(file.read_bytes() for file in tmp_path.iterdir())

    assert client.client_id.encode() in content
    assert client.client_secret.encode() not in content
    assert token.token.encode() not in content
    assert token.token.removeprefix("ct_").encode() not in content


@pytest.mark.parametrize("secret", ["", "wrong", "wr\0ng", "\ud800", "x" * 100_000])
def test_a_wrong_secret_is_refused(installation: Installation, secret: str) -> None:
    new = installation.clients.create("acme", "Billing")

    assert installation.clients.verify(new.client_id, secret) is None


@pytest.mark.parametrize("client_id", ["", "nobody", "no\0body", "\ud800", "x" * 100_000])
def test_an_unknown_client_is_refused_at_the_price_of_a_wrong_secret(
    installation: Installation, client_id: str
) -> None:
    hasher = CountingHasher()
    registry = ClientRegistry(installation.database, installation.clock, hasher)

    assert registry.verify(client_id, "secret") is None
    assert hasher.compared == 1


def test_a_secret_that_was_right_is_recognized_without_hashing_it_again(installation: Installation) -> None:
    hasher = CountingHasher()
    registry = ClientRegistry(installation.database, installation.clock, hasher)
    new = registry.create("acme", "Billing")
    before = registry.recognize(new.client_id, new.client_secret)
    registry.verify(new.client_id, new.client_secret)

    after = registry.recognize(new.client_id, new.client_secret)

    assert before is None
    assert after == registry.find(new.client_id)
    assert registry.recognize(new.client_id, "wrong") is None
    assert hasher.compared == 1


def test_a_revoked_client_is_refused_and_still_listed(installation: Installation) -> None:
    new = installation.clients.create("acme", "Billing")
    installation.clients.verify(new.client_id, new.client_secret)

    installation.clients.revoke(new.client_id)
    installation.clients.revoke(new.client_id)

    assert installation.clients.verify(new.client_id, new.client_secret) is None
    assert installation.clients.recognize(new.client_id, new.client_secret) is None
    assert [client.revoked_ms for client in installation.clients.list("acme")] == [NOON_MS]


def test_a_new_secret_takes_the_place_of_the_old_one(installation: Installation) -> None:
    old = installation.clients.create("acme", "Billing", [READ_USAGE])
    installation.clients.verify(old.client_id, old.client_secret)

    new = installation.clients.rotate(old.client_id)

    assert (new.client_id, new.name, new.permissions) == (old.client_id, "Billing", frozenset({READ_USAGE}))
    assert installation.clients.verify(new.client_id, new.client_secret) is not None
    assert installation.clients.verify(new.client_id, old.client_secret) is None
    assert installation.clients.recognize(new.client_id, old.client_secret) is None


def test_a_revoked_client_gets_no_new_secret(installation: Installation) -> None:
    new = installation.clients.create("acme", "Billing")
    installation.clients.revoke(new.client_id)

    with pytest.raises(NotFoundError, match="was revoked"):
        installation.clients.rotate(new.client_id)


@pytest.mark.parametrize("client_id", ["nobody", "no\0body", "\ud800"])
@pytest.mark.parametrize("change", ["revoke", "rotate"])
def test_a_client_that_does_not_exist_cannot_be_changed(
    installation: Installation, change: str, client_id: str
) -> None:
    with pytest.raises(NotFoundError, match="there is no client"):
        getattr(installation.clients, change)(client_id)


def test_permissions_can_be_replaced(installation: Installation) -> None:
    new = installation.clients.create("acme", "Billing")

    changed = installation.clients.set_permissions(new.client_id, [SEND])

    assert changed.permissions == {SEND}
    assert installation.clients.find(new.client_id) == changed


def test_an_unknown_permission_is_refused_naming_the_known_ones(installation: Installation) -> None:
    with pytest.raises(
        InvalidInputError, match=r"unknown permissions: usage:write; known are: .*usage:read"
    ) as caught:
        installation.clients.create("acme", "Billing", ["usage:write"])

    assert caught.value.field == "permissions"
    assert installation.clients.list() == ()


@pytest.mark.parametrize("name", ["", "x" * 257, "a\nb", "a\0b", "a\x85b", "\ud800"])
@pytest.mark.parametrize("given", ["organization", "name"])
def test_a_name_that_cannot_be_printed_is_refused(installation: Installation, given: str, name: str) -> None:
    names: dict[str, Any] = {"organization": "acme", "name": "Billing"} | {given: name}

    with pytest.raises(InvalidInputError, match="1 to 256 characters without control characters") as caught:
        installation.clients.create(**names)

    assert caught.value.field == given
    assert installation.clients.list() == ()


def test_a_name_may_have_256_characters_of_any_script(installation: Installation) -> None:
    name = "請求" * 128

    assert installation.clients.create(name, name).name == name


def test_each_organization_has_its_own_clients(installation: Installation) -> None:
    ours = installation.clients.create("acme", "Billing")
    theirs = installation.clients.create("globex", "Billing")

    assert [client.client_id for client in installation.clients.list("acme")] == [ours.client_id]
    assert [client.client_id for client in installation.clients.list("globex")] == [theirs.client_id]
    assert len(installation.clients.list()) == 2


def test_clients_made_by_eight_threads_at_once_are_all_there(installation: Installation) -> None:
    def create(number: int) -> str:
        return installation.clients.create(f"organization-{number % 3}", f"client {number}").client_id

    with ThreadPoolExecutor(8) as threads:
        created = list(threads.map(create, range(80)))

    assert sorted(client.client_id for client in installation.clients.list()) == sorted(created)
    assert len(installation.organizations.list()) == 3
