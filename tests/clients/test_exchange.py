"""Tokens and errors, as conversations held without a network."""

from dataclasses import dataclass, field
from urllib.parse import parse_qs

import httpx
import pytest

from calltally.clients import CredentialsError, GenesysOrganization, SailPointTenant, SegmentWorkspace
from calltally.clients.conversation import Authorize, Pause, Send, Step
from calltally.clients.exchange import Exchange
from calltally.clients.retry_policy import RetryPolicy
from calltally.clients.vendor import Vendor
from calltally.clients.vendor_error import UnavailableError, UnexpectedReplyError
from tests.clients.conversations import hold

TENANT = SailPointTenant("https://acme.example", "id-1", "s&c+ret")


@dataclass
class LoginDesk:
    """Answers logins in their order with the given responses, and owns the time."""

    responses: list[httpx.Response]
    vendor: Vendor[object] = TENANT
    requests: list[Send] = field(default_factory=list)
    seconds: float = 0.0

    def __post_init__(self) -> None:
        self.exchange = Exchange(self.vendor, RetryPolicy(), lambda: self.seconds)

    def token(self, refused: str = "") -> str:
        token: str = hold(self.exchange.token(refused), self._came)
        return token

    def _came(self, step: Step) -> object:
        match step:
            case Send():
                self.requests.append(step)
                return self.responses.pop(0)
            case Pause(seconds):
                self.seconds += seconds
                return None
            case Authorize():
                raise AssertionError("a login needs no token")


def issued(token: str, **more: object) -> httpx.Response:
    return httpx.Response(200, json={"access_token": token, "token_type": "bearer", **more})


def test_sailpoint_gets_the_secret_in_a_form() -> None:
    desk = LoginDesk([issued("t-1")])

    assert desk.token() == "t-1"
    request = desk.requests[0].request
    assert (request.method, request.url) == ("POST", "https://acme.example/oauth/token")
    assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert parse_qs(request.body.decode()) == {
        "grant_type": ["client_credentials"],
        "client_id": ["id-1"],
        "client_secret": ["s&c+ret"],
    }


def test_genesys_gets_the_secret_by_basic_at_its_login_host() -> None:
    organization = GenesysOrganization.in_region("mypurecloud.ie", "id-1", "s3cret/+=")
    desk = LoginDesk([issued("t-1")], organization)

    assert desk.token() == "t-1"
    request = desk.requests[0].request
    assert request.url == "https://login.mypurecloud.ie/oauth/token"
    assert request.body == b"grant_type=client_credentials"
    assert request.headers["Authorization"] == "Basic aWQtMTpzM2NyZXQvKz0="


def test_a_token_that_was_given_needs_no_login() -> None:
    assert LoginDesk([], SegmentWorkspace("given")).token() == "given"
    assert LoginDesk([], SailPointTenant("https://acme.example", access_token="given")).token() == "given"


def test_a_token_serves_until_a_minute_before_its_end() -> None:
    desk = LoginDesk([issued("t-1", expires_in=3600), issued("t-2", expires_in=3600)])

    tokens = [desk.token()]
    desk.seconds = 3539
    tokens.append(desk.token())
    desk.seconds = 3540
    tokens.append(desk.token())

    assert tokens == ["t-1", "t-1", "t-2"]


def test_a_token_of_a_short_life_serves_for_nine_tenths_of_it() -> None:
    desk = LoginDesk([issued("t-1", expires_in=10), issued("t-2", expires_in=10)])

    tokens = [desk.token()]
    desk.seconds = 8.9
    tokens.append(desk.token())
    desk.seconds = 9
    tokens.append(desk.token())

    assert tokens == ["t-1", "t-1", "t-2"]


def test_a_token_without_an_end_serves_until_it_is_refused() -> None:
    desk = LoginDesk([issued("t-1"), issued("t-2")])

    tokens = [desk.token()]
    desk.seconds = 1e9
    tokens += [desk.token(), desk.token(refused="t-1"), desk.token(refused="t-1")]

    assert tokens == ["t-1", "t-1", "t-2", "t-2"]


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (401, {"error": "invalid_client", "error_description": "The secret is wrong."}),
        (400, {"error": "invalid_client", "description": "The secret is wrong."}),
    ],
)
def test_a_refused_login_says_why(status: int, body: dict[str, str]) -> None:
    desk = LoginDesk([httpx.Response(status, json=body)])

    with pytest.raises(CredentialsError, match=r"invalid_client: The secret is wrong.") as caught:
        desk.token()

    assert caught.value.status == status
    assert "s&c+ret" not in repr(caught.value)


def test_a_busy_login_is_repeated_and_then_reported() -> None:
    desk = LoginDesk([httpx.Response(503, headers={"Retry-After": "2"})] * 5)

    with pytest.raises(UnavailableError) as caught:
        desk.token()

    assert caught.value.retry_after == 2
    assert len(desk.requests) == 5
    assert desk.seconds >= 8


@pytest.mark.parametrize(
    "content",
    [
        b'{"access_token": "half-a-tok',
        b"{}",
        b'{"access_token": ""}',
        b'{"access_token": "half-a-tok\\nX-Evil: 1"}',
        b'{"access_token": null}',
        b"<html>half-a-tok</html>",
    ],
)
def test_an_unreadable_token_is_an_error_that_shows_none_of_it(content: bytes) -> None:
    desk = LoginDesk([httpx.Response(200, content=content)])

    with pytest.raises(UnexpectedReplyError) as caught:
        desk.token()

    assert caught.value.body is None
    assert "half-a-tok" not in str(caught.value)
