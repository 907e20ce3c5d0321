import pytest

from calltally.control.organizations import Organization
from calltally.errors import InvalidInputError
from tests.installations import NOON, Installation


def test_an_organization_is_found_by_its_name(installation: Installation) -> None:
    created = installation.organizations.create("acme")

    assert created == Organization("acme", int(NOON.timestamp()) * 1000)
    assert installation.organizations.find("acme") == created
    assert installation.organizations.find("globex") is None


def test_an_organization_made_twice_is_one(installation: Installation) -> None:
    first = installation.organizations.create("acme")

    assert installation.organizations.create("acme") == first
    assert installation.organizations.list() == (first,)


def test_an_organization_needs_a_name(installation: Installation) -> None:
    with pytest.raises(InvalidInputError, match="organization must be 1 to 256 characters"):
        installation.organizations.create("")
