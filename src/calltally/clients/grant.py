"""Credentials of a client: a token, or a secret that is exchanged for tokens."""

from base64 import b64encode
from dataclasses import dataclass, field
from typing import TypeAlias
from urllib.parse import urlencode

import msgspec

from calltally.clients.question import Question, reads
from calltally.clients.vendor_request import VendorRequest


class TokenReply(msgspec.Struct, frozen=True):
    """The response of a token endpoint (RFC 6749, section 5.1), as far as clients need it."""

    access_token: str
    expires_in: float | None = None

    def __post_init__(self) -> None:
        if not _fits_a_header(self.access_token):
            raise ValueError("the access token is empty or contains invalid characters")

    def __repr__(self) -> str:
        return f"TokenReply(expires_in={self.expires_in})"


class TokenRefusal(msgspec.Struct, frozen=True):
    """The error of a token endpoint (RFC 6749, section 5.2); Genesys has its text in ``description``."""

    error: str
    error_description: str | None = None
    description: str | None = None

    @property
    def reason(self) -> str:
        return f"{self.error}: {self.error_description or self.description or 'no reason was given'}"


@dataclass(frozen=True, slots=True)
class StaticToken:
    """A token that was issued elsewhere; it is never renewed.

    Raises `ValueError` for a text that is not valid in a header.
    """

    text: str = field(repr=False)

    def __post_init__(self) -> None:
        if not _fits_a_header(self.text):
            raise ValueError("the access token is empty or contains invalid characters")


@dataclass(frozen=True, slots=True)
class ClientCredentials:
    """OAuth's client credentials, sent in the form, or with HTTP Basic if ``basic``."""

    token_url: str
    client_id: str
    client_secret: str = field(repr=False)
    basic: bool = False

    def question(self) -> Question[TokenReply]:
        form = {"grant_type": "client_credentials"}
        headers = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
        if self.basic:
            # Without percent-encoding, as Genesys's own clients send it.
            encoded = b64encode(f"{self.client_id}:{self.client_secret}".encode()).decode()
            headers["Authorization"] = f"Basic {encoded}"
        else:
            form |= {"client_id": self.client_id, "client_secret": self.client_secret}
        request = VendorRequest("POST", self.token_url, headers=headers, body=urlencode(form).encode())
        return Question(request, reads(TokenReply))


Grant: TypeAlias = StaticToken | ClientCredentials


def grant_of(credentials: ClientCredentials, access_token: str) -> Grant:
    """The token if there is one, else the credentials.

    Raises `ValueError` if neither is complete.
    """
    if access_token:
        return StaticToken(access_token)
    if not (credentials.client_id and credentials.client_secret):
        raise ValueError("give an access token, or both a client id and a client secret")
    return credentials


def _fits_a_header(token: str) -> bool:
    return bool(token) and token.isascii() and token.isprintable() and " " not in token
