import pytest

from calltally.control.permissions import ANY_ORGANIZATION, DEFAULT, READ_USAGE, checked_permissions
from calltally.errors import InvalidInputError


def test_known_permissions_can_be_granted() -> None:
    assert checked_permissions([READ_USAGE, "sp:scopes:all"]) == {READ_USAGE, "sp:scopes:all"}


def test_an_unknown_permission_is_named_with_those_that_are_known() -> None:
    with pytest.raises(
        InvalidInputError, match=r"unknown permissions: usage:write; known are: .*usage:read"
    ) as caught:
        checked_permissions([READ_USAGE, "usage:write"])

    assert caught.value.received == ["usage:write"]


def test_speaking_for_other_organizations_is_not_granted_without_being_asked_for() -> None:
    assert ANY_ORGANIZATION not in DEFAULT
