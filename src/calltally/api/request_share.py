"""What the request under way holds of what all requests have together, and for whom."""

from contextvars import ContextVar
from dataclasses import dataclass

from calltally.api.body_budget import BodyBudget, BodyShare
from calltally.auth.caller import Authenticator, Caller
from calltally.errors import BusyError
from calltally.shares import Shares

_RETRY_AFTER = 1


@dataclass(frozen=True, slots=True)
class RequestShares:
    """What requests have together: memory for ``bodies``, for those of ``strangers``, and their number.

    Strangers are those whose token was not checked yet, or is not needed: each address has a share of theirs.
    """

    bodies: BodyBudget
    strangers: BodyBudget
    requests: Shares


class RequestShare:
    """The share of one request: its address's until the sender is known, then that organization's."""

    def __init__(self, shares: RequestShares, address: str) -> None:
        self._shares = shares
        self._organization: str | None = None
        self._holder, self._memory = address, shares.strangers
        self.body: BodyShare = shares.strangers.share(address)
        self._answer: BodyShare | None = None

    def belongs_to(self, organization: str) -> None:
        """Counts the request as the organization's from now on; raises `BusyError` for one too many."""
        if self._organization is not None:
            return
        if not self._shares.requests.take(organization, 1):
            text = (
                f"{self._shares.requests.limit} requests may be under way,"
                " and of an organization as many as are free besides; send again later"
            )
            raise BusyError(text, retry_after=_RETRY_AFTER)
        self._organization = organization
        arrived = self.body.size
        self.body.release()
        self._holder, self._memory = organization, self._shares.bodies
        self.body = self._memory.share(organization)
        self.body.grow_to(arrived)

    def hold_answer(self, size: int) -> None:
        """Counts an answer until the client has read it; raises `BusyError` where it is too much."""
        if self._answer is None:
            self._answer = self._memory.share(self._holder)
        self._answer.grow_to(size)

    def release(self) -> None:
        """Gives everything back."""
        self.body.release()
        if self._answer is not None:
            self._answer.release()
        if self._organization is not None:
            self._shares.requests.give_back(self._organization, 1)
            self._organization = None


REQUEST_SHARE: ContextVar[RequestShare] = ContextVar("request_share")
"""The share of the request that the running task answers."""


class SharingAuthenticator:
    """Admits whom another doorkeeper admits, and counts the request as their organization's.

    So every door that checks a token before it reads the body reads it at the sender's own expense.
    """

    def __init__(self, authenticator: Authenticator) -> None:
        self._authenticator = authenticator

    async def authenticate(self, authorization: str | None) -> Caller:
        """See `Authenticator.authenticate`; also raises `BusyError`."""
        caller = await self._authenticator.authenticate(authorization)
        if (share := REQUEST_SHARE.get(None)) is not None:
            share.belongs_to(caller.organization)
        return caller
