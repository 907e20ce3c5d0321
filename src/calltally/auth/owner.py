"""Whoever can reach the owner's socket owns the installation."""

from urllib.parse import quote, unquote

from calltally.auth.caller import Caller
from calltally.control.permissions import ANY_ORGANIZATION, KNOWN
from calltally.errors import NotAuthenticatedError

_SCHEME = "Organization "


class OwnerAuthenticator:
    """Admits everyone as the owner, speaking for the organization that the header names.

    Only for a socket that nobody but the owner can open.
    """

    async def authenticate(self, authorization: str | None) -> Caller:
        if not authorization or not authorization.startswith(_SCHEME):
            raise NotAuthenticatedError(
                "say for which organization: Authorization: Organization NAME", credentials_were_sent=False
            )
        organization = unquote(authorization.removeprefix(_SCHEME))
        return Caller("owner", organization, KNOWN - {ANY_ORGANIZATION})


def owner_authorization(organization: str) -> str:
    """The header that `OwnerAuthenticator` reads."""
    return _SCHEME + quote(organization, safe="")
