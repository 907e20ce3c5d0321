"""Tokens, from the login that earns them to the door that they open."""

import asyncio
import re
import uuid
from collections import OrderedDict
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, NamedTuple

import jwt

from calltally.auth.caller import Caller
from calltally.clock import Clock
from calltally.control.api_tokens import ApiTokens
from calltally.control.clients import Client, ClientRegistry
from calltally.control.control_database import ControlDatabase
from calltally.control.secrets import API_TOKEN_PREFIX
from calltally.control.signing_keys import DEFAULT_LIFETIME, SigningKeys
from calltally.errors import NotAuthenticatedError

DEFAULT_AUDIENCE = "calltally"
MAX_AUTHORIZATION_LENGTH = 8192

_ALGORITHM = "ES256"
_TOKEN_TYPES = ("at+jwt", "application/at+jwt")
_REQUIRED_CLAIMS = ("iss", "aud", "exp", "iat", "jti", "sub", "client_id", "scope", "org")
_NARROWED = "narrowed"
_NEVER_MS = 2**63 - 1

_THREADS = 2
"""For nothing else, so that no token waits for what an organization has to do."""

_COMPACT_JWS = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A token as it is handed to the client that logged in."""

    token: str = field(repr=False)
    expires_in: int
    scope: str
    token_id: str
    organization: str


class _Admission(NamedTuple):
    caller: Caller
    expires_ms: int
    access_version: int


class TokenAuthority:
    """Issues access tokens (JWT, RFC 9068) and is the `Authenticator` for them and for API tokens.

    A token opens what its client may do at the time, not what it could do when the token was issued; only a
    token for which less was asked stays at that. Verified tokens are remembered, the ``remembered`` used
    last, until they expire or anything about access changes.

    `authenticate` belongs to one event loop; everything else may be called from any thread.
    """

    def __init__(
        self,
        database: ControlDatabase,
        clients: ClientRegistry,
        api_tokens: ApiTokens,
        keys: SigningKeys,
        clock: Clock,
        *,
        issuer: str,
        audience: str = DEFAULT_AUDIENCE,
        lifetime: timedelta = DEFAULT_LIFETIME,
        remembered: int = 10_000,
    ) -> None:
        self._database = database
        self._clients = clients
        self._api_tokens = api_tokens
        self._keys = keys
        self._clock = clock
        self._issuer = issuer
        self._audience = audience
        self._lifetime_seconds = int(lifetime.total_seconds())
        self._max_remembered = remembered
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="token")
        self._remembered: OrderedDict[str | None, _Admission] = OrderedDict()

    def issue(self, client: Client, scope: frozenset[str] | None = None) -> AccessToken:
        """A token for a client that proved who it is; with a scope, it opens no more than that."""
        key = self._keys.active()
        issued_at = self._clock.now_ms() // 1000
        token_id = str(uuid.uuid4())
        granted = client.permissions if scope is None else client.permissions & scope
        claims: dict[str, Any] = {
            "iss": self._issuer,
            "aud": self._audience,
            "iat": issued_at,
            "exp": issued_at + self._lifetime_seconds,
            "jti": token_id,
            "sub": client.client_id,
            "client_id": client.client_id,
            "org": client.organization,
            "scope": " ".join(sorted(granted)),
        }
        if scope is not None:
            claims[_NARROWED] = True
        headers = {"typ": _TOKEN_TYPES[0], "kid": key.key_id}
        token = jwt.encode(claims, key.private_key, algorithm=_ALGORITHM, headers=headers)
        return AccessToken(token, self._lifetime_seconds, claims["scope"], token_id, client.organization)

    def jwks(self) -> dict[str, list[dict[str, str]]]:
        """The public keys that verify the tokens issued here."""
        return self._keys.jwks()

    async def authenticate(self, authorization: str | None) -> Caller:
        """See `Authenticator.authenticate`. A token that was seen before costs about a microsecond."""
        caller = self._recall(authorization)
        if caller is not None:
            return caller
        token = _bearer_token(authorization)
        # Remembered under one spelling, so that nobody can fill the memory with variants of one token.
        spelled_our_way = f"Bearer {token}"
        caller = self._recall(spelled_our_way)
        if caller is not None:
            return caller
        admission = await asyncio.get_running_loop().run_in_executor(self._threads, self._verify, token)
        self._remembered[spelled_our_way] = admission
        if len(self._remembered) > self._max_remembered:
            self._remembered.popitem(last=False)
        return admission.caller

    def _recall(self, authorization: str | None) -> Caller | None:
        admission = self._remembered.get(authorization)
        if admission is None:
            return None
        if (
            admission.access_version != self._database.access_version
            or admission.expires_ms <= self._clock.now_ms()
        ):
            del self._remembered[authorization]
            return None
        self._remembered.move_to_end(authorization)
        return admission.caller

    def _verify(self, token: str) -> _Admission:
        # Read first: a change during the look-ups below then makes this admission out of date.
        access_version = self._database.access_version
        if token.startswith(API_TOKEN_PREFIX):
            caller, expires_ms = self._verify_api_token(token)
        else:
            caller, expires_ms = self._verify_access_token(token)
        if expires_ms <= self._clock.now_ms():
            raise _refusal("the token has expired")
        return _Admission(caller, expires_ms, access_version)

    def _verify_api_token(self, token: str) -> tuple[Caller, int]:
        found = self._api_tokens.find(token)
        if found is None or found.revoked_ms is not None:
            raise _refusal("the API token is unknown or was revoked")
        client = self._live_client(found.client_id)
        caller = Caller(client.client_id, client.organization, client.permissions)
        return caller, _NEVER_MS if found.expires_ms is None else found.expires_ms

    def _verify_access_token(self, token: str) -> tuple[Caller, int]:
        claims = self._claims(token)
        client = self._live_client(claims["client_id"])
        if client.organization != claims["org"]:
            raise _refusal("the token names another organization than its client's")
        permissions = client.permissions
        if _NARROWED in claims:
            permissions &= frozenset(claims["scope"].split())
        return Caller(client.client_id, client.organization, permissions), claims["exp"] * 1000

    def _claims(self, token: str) -> Mapping[str, Any]:
        """What the token says, once its signature, issuer and audience are ours; its age is not looked at."""
        if not _COMPACT_JWS.fullmatch(token):
            raise _refusal("the token is neither an access token nor an API token")
        try:
            header = jwt.get_unverified_header(token)
            key = self._keys.find(str(header.get("kid")))
            if key is None or str(header.get("typ")).lower() not in _TOKEN_TYPES:
                raise _refusal("the token was not issued here, or its key has been retired")
            return jwt.decode(
                token,
                key.public_key,
                algorithms=[_ALGORITHM],
                issuer=self._issuer,
                audience=self._audience,
                # Ages are judged by our clock, not by the library's.
                options={
                    "require": list(_REQUIRED_CLAIMS),
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_nbf": False,
                },
            )
        except (jwt.PyJWTError, ValueError, RecursionError) as error:  # the last for deeply nested headers
            raise _refusal("the token was not issued here, or it was changed") from error

    def _live_client(self, client_id: str) -> Client:
        client = self._clients.find(client_id)
        if client is None or client.revoked_ms is not None:
            raise _refusal("the client of this token was revoked")
        return client


def _bearer_token(authorization: str | None) -> str:
    scheme, _, token = (authorization or "").strip().partition(" ")
    token = token.strip()
    if not scheme or (scheme.lower() == "bearer" and not token):
        raise NotAuthenticatedError("no bearer token was sent", credentials_were_sent=False)
    if scheme.lower() != "bearer":
        raise _refusal("a bearer token is needed, as in: Authorization: Bearer <token>")
    if len(token) > MAX_AUTHORIZATION_LENGTH:
        raise _refusal(f"the token is longer than {MAX_AUTHORIZATION_LENGTH} characters")
    return token


def _refusal(reason: str) -> NotAuthenticatedError:
    return NotAuthenticatedError(reason, credentials_were_sent=True)
