"""Sending of a request: the token, the attempts, and the errors."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf
from typing import Any, TypeVar

import httpx
import msgspec

from calltally.clients.conversation import Authorize, Conversation, Pause, Send
from calltally.clients.grant import StaticToken
from calltally.clients.question import Question
from calltally.clients.refusal import login_refusal_of, refusal_of
from calltally.clients.retry_policy import Patience, RetryPolicy
from calltally.clients.vendor import Vendor
from calltally.clients.vendor_error import NoAnswerError, UnexpectedReplyError
from calltally.clients.vendor_request import VendorRequest

T = TypeVar("T")

_RENEW_BEFORE = 60.0
"""Seconds before its expiry at which a token is no longer used, or a tenth of its lifetime if less."""


@dataclass(frozen=True, slots=True)
class _Token:
    text: str = field(repr=False)
    use_until: float


class Exchange:
    """Sends requests to one vendor, as sans-IO conversations that a client runs.

    Caches the access token. `answer` may be called from many threads, `token` from one at a time.
    """

    def __init__(
        self, vendor: Vendor[Any], policy: RetryPolicy, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._vendor = vendor
        self._policy = policy
        self._clock = clock
        self._token = _Token("", -inf)

    @property
    def vendor_name(self) -> str:
        return self._vendor.name

    def now(self) -> float:
        return self._clock()

    def answer(self, question: Question[T], until: float | None = None) -> Conversation[T]:
        """Raises a `VendorError` unless the response is a 2xx with a valid body; retries end at ``until``."""
        patience = Patience(self._policy, self._clock, until)
        request = question.request.below(self._vendor.base_url)
        token: str = yield Authorize(until=until)
        response = yield from self._response(_with_token(request, token), patience)
        renewable = not isinstance(self._vendor.grant, StaticToken)
        if renewable and response.status_code == httpx.codes.UNAUTHORIZED:
            token = yield Authorize(token, until)
            response = yield from self._response(_with_token(request, token), patience)
        if not response.is_success:
            raise refusal_of(self._vendor.name, request, response, self._vendor.read_fault(response))
        return self._read(question, response, lambda: self._vendor.read_fault(response).body)

    def token(self, refused: str = "", until: float | None = None) -> Conversation[str]:
        """A valid token other than the refused one: the cached one, or a new one.

        Raises `CredentialsError` if the vendor refuses the login, otherwise as `answer`.
        """
        grant = self._vendor.grant
        if isinstance(grant, StaticToken):
            return grant.text
        if self._token.text == refused or self._token.use_until <= self._clock():
            asked_at = self._clock()
            question = grant.question()
            patience = Patience(self._policy, self._clock, until)
            response = yield from self._response(question.request, patience)
            if not response.is_success:
                raise login_refusal_of(self._vendor.name, question.request, response)
            # The body is kept out of the error: a part of it may be a token.
            reply = self._read(question, response, lambda: None)
            timeline = inf if reply.expires_in is None else reply.expires_in
            use_until = asked_at + timeline - min(_RENEW_BEFORE, timeline / 10)
            self._token = _Token(reply.access_token, use_until)
        return self._token.text

    def _response(self, request: VendorRequest, patience: Patience) -> Conversation[httpx.Response]:
        """The response of the last attempt, with any status."""
        while True:
            try:
                response: httpx.Response = yield Send(request, patience.timeout())
            except httpx.RequestError as error:
                pause = patience.pause_after_failure(request.method, error)
                if pause is None:
                    why = f"{type(error).__name__}: {error}".rstrip(": ")
                    message = f"{self._vendor.name} did not answer {request.method} {request.url}: {why}"
                    raise NoAnswerError(message, vendor=self._vendor.name) from error
            else:
                pause = patience.pause_after(request.method, response)
                if pause is None:
                    return response
            yield Pause(pause)

    def _read(self, question: Question[T], response: httpx.Response, body: Callable[[], object]) -> T:
        try:
            return question.read(response)
        except (msgspec.DecodeError, RecursionError) as error:
            message = (
                f"{self._vendor.name} answered {question.request.method} {question.request.url} with "
                f"{response.status_code} and a body that cannot be read: {error}"
            )
            raise UnexpectedReplyError(
                message,
                vendor=self._vendor.name,
                status=response.status_code,
                headers=response.headers,
                body=body(),
            ) from error


def _with_token(request: VendorRequest, token: str) -> VendorRequest:
    return request.with_headers(Authorization=f"Bearer {token}")
