"""Who is asking."""

from dataclasses import dataclass
from typing import Protocol

from calltally.errors import NotAllowedError


@dataclass(frozen=True, slots=True)
class Caller:
    """A client whose token was checked: it speaks for one organization and may do what it was granted."""

    client_id: str
    organization: str
    permissions: frozenset[str]

    def may(self, *any_of: str) -> bool:
        return not self.permissions.isdisjoint(any_of)

    def require(self, *any_of: str) -> None:
        """Raises `NotAllowedError` unless one of the permissions was granted."""
        if not self.may(*any_of):
            raise NotAllowedError(any_of)


class Authenticator(Protocol):
    """Turns an Authorization header into a `Caller`."""

    async def authenticate(self, authorization: str | None) -> Caller:
        """Raises `NotAuthenticatedError` for a missing, malformed, expired, revoked or foreign token."""
        ...
