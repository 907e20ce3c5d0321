"""What a program says when it asks for a token."""

import base64
import binascii
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import unquote_plus

from calltally.auth.token_form import read_body, read_urlencoded
from calltally.auth.token_refusal import TokenRefusalError, invalid_client, invalid_request

CLIENT_CREDENTIALS = "client_credentials"


class Credentials(NamedTuple):
    """An id and a secret that are to be checked."""

    client_id: str
    client_secret: str

    def __repr__(self) -> str:
        return f"Credentials(client_id={self.client_id!r})"


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """A request for a token by client credentials.

    ``credentials`` are the readings of what was sent, the likeliest first; there is more than one only where
    a Basic header holds characters that may or may not be an encoding. ``scope`` is None when none was asked
    for.
    """

    credentials: tuple[Credentials, ...] = field(repr=False)
    scope: frozenset[str] | None


def read_token_request(
    *, authorization: str | None, query: bytes, content_type: str, body: bytes
) -> TokenRequest:
    """Reads a request whose parameters stand in the query, the body, a Basic header, or in several of them.

    Raises `TokenRefusalError` when it cannot be read or asks for another grant.
    """
    parameters = _merged(read_urlencoded(query), read_body(content_type, body))
    _check_grant_type(parameters.get("grant_type"))
    scope = parameters.get("scope")
    return TokenRequest(
        credentials=_credentials(authorization, parameters),
        scope=None if scope is None else frozenset(scope.split()),
    )


def _merged(query: dict[str, str], body: dict[str, str]) -> dict[str, str]:
    for name in query.keys() & body.keys():
        if query[name] != body[name]:
            raise invalid_request(f"{name} in the query differs from {name} in the body.")
    return query | body


def _check_grant_type(grant_type: str | None) -> None:
    if grant_type is None:
        raise invalid_request(f"grant_type is missing; accepted is {CLIENT_CREDENTIALS}.")
    if grant_type.lower() != CLIENT_CREDENTIALS:
        raise TokenRefusalError(
            "unsupported_grant_type", f"The grant_type is not accepted; accepted is {CLIENT_CREDENTIALS}."
        )


def _credentials(authorization: str | None, parameters: dict[str, str]) -> tuple[Credentials, ...]:
    client_id, client_secret = parameters.get("client_id"), parameters.get("client_secret")
    scheme, _, encoded = (authorization or "").strip().partition(" ")
    if scheme.lower() == "basic":
        readings = tuple(
            reading
            for reading in _basic_readings(encoded.strip())
            if client_id in (None, reading.client_id) and client_secret in (None, reading.client_secret)
        )
        if not readings:
            raise invalid_request("The credentials in the Authorization header differ from the others.")
        return readings
    if client_id is None or client_secret is None:
        raise invalid_client("client_id and client_secret are needed, as parameters or by HTTP Basic.")
    return (Credentials(client_id, client_secret),)


def _basic_readings(encoded: str) -> list[Credentials]:
    """The credentials as they stand, as some SDKs send them, and percent-decoded, as RFC 6749 has it."""
    try:
        decoded = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise invalid_client("The Basic credentials are not base64 of UTF-8.") from error
    client_id, colon, client_secret = decoded.partition(":")
    if not colon:
        raise invalid_client("The Basic credentials are not an id, a colon and a secret.")
    readings = [Credentials(client_id, client_secret)]
    try:
        unescaped = Credentials(
            unquote_plus(client_id, errors="strict"), unquote_plus(client_secret, errors="strict")
        )
    except UnicodeDecodeError:
        return readings
    if unescaped not in readings:
        readings.append(unescaped)
    return readings
