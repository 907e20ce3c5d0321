"""``POST /oauth/token`` and the keys to verify what it issues."""

from typing import Any

import msgspec
from litestar import MediaType, Request, Response, Router, get, post, route
from litestar.enums import HttpMethod
from litestar.exceptions import HTTPException
from litestar.status_codes import (
    HTTP_200_OK,
    HTTP_405_METHOD_NOT_ALLOWED,
    HTTP_408_REQUEST_TIMEOUT,
    HTTP_413_REQUEST_ENTITY_TOO_LARGE,
)

from calltally.auth.login import FAILURES_PER_ADDRESS, FAILURES_PER_CLIENT, Login
from calltally.auth.token_refusal import TokenRefusalError, invalid_request, unavailable
from calltally.auth.token_request import read_token_request
from calltally.auth.tokens import TokenAuthority
from calltally.control.clients import Client, ClientRegistry
from calltally.errors import BusyError, TooSlowError

TOKEN_PATH = "/oauth/token"  # noqa: S105 - a path
JWKS_PATH = "/.well-known/jwks.json"
MAX_BODY_BYTES = 64 * 1024

_NOT_TO_BE_STORED = {"Cache-Control": "no-store", "Pragma": "no-cache"}
_OTHER_METHODS = [HttpMethod.GET, HttpMethod.HEAD, HttpMethod.PUT, HttpMethod.PATCH, HttpMethod.DELETE]


class TokenReply(msgspec.Struct, frozen=True):
    """A token and how to use it (RFC 6749, section 5.1), and whose it is."""

    access_token: str
    token_type: str
    expires_in: int
    scope: str
    jti: str
    org: str


class TokenError(msgspec.Struct, frozen=True):
    """Why there is no token (RFC 6749, section 5.2); ``description`` is where Genesys's clients look."""

    error: str
    error_description: str
    description: str


def token_router(
    authority: TokenAuthority,
    registry: ClientRegistry,
    *,
    failures_per_client: int = FAILURES_PER_CLIENT,
    failures_per_address: int = FAILURES_PER_ADDRESS,
) -> Router:
    """The routes at which programs log in; see `Login` for the limits, which are failures a minute."""
    login = Login(registry, failures_per_client, failures_per_address)

    @post(TOKEN_PATH, status_code=HTTP_200_OK, media_type=MediaType.JSON)
    async def issue_token(request: Request[Any, Any, Any]) -> Response[TokenReply]:
        """Exchanges client credentials for an access token.

        The parameters may come as a form, as multipart/form-data, as JSON, in the query, or by HTTP Basic.
        """
        asked = read_token_request(
            authorization=request.headers.get("authorization"),
            query=request.scope["query_string"],
            content_type=request.headers.get("content-type", ""),
            body=await request.body(),
        )
        address = request.client.host if request.client else ""
        client = await login.check(asked.credentials, address)
        token = authority.issue(client, _granted(asked.scope, client))
        reply = TokenReply(
            access_token=token.token,
            token_type="bearer",  # noqa: S106 - the name of a scheme
            expires_in=token.expires_in,
            scope=token.scope,
            jti=token.token_id,
            org=token.organization,
        )
        return Response(reply, headers=_NOT_TO_BE_STORED)

    @route(TOKEN_PATH, http_method=_OTHER_METHODS, status_code=HTTP_200_OK)
    async def refuse_method() -> Response[TokenError]:
        refusal = invalid_request("A token is asked for with POST.", status=HTTP_405_METHOD_NOT_ALLOWED)
        refusal.headers["Allow"] = "POST, OPTIONS"
        return _refused(refusal)

    @get(JWKS_PATH, media_type=MediaType.JSON)
    async def show_keys() -> Response[dict[str, list[dict[str, str]]]]:
        """The public keys that verify access tokens, as a JSON Web Key Set."""
        return Response(authority.jwks(), headers={"Cache-Control": "public, max-age=300"})

    return Router(
        path="/",
        route_handlers=[issue_token, refuse_method, show_keys],
        request_max_body_size=MAX_BODY_BYTES,
        exception_handlers={
            TokenRefusalError: _refuse,
            HTTPException: _refuse_unreadable,
            TooSlowError: _refuse_slow,
            BusyError: _refuse_busy,
        },
    )


def _granted(scope: frozenset[str] | None, client: Client) -> frozenset[str] | None:
    if scope is not None and not scope <= client.permissions:
        raise TokenRefusalError("invalid_scope", "The scope holds more than this client was granted.")
    return scope


def _refuse(_request: Request[Any, Any, Any], refusal: TokenRefusalError) -> Response[TokenError]:
    return _refused(refusal)


def _refuse_unreadable(_request: Request[Any, Any, Any], error: HTTPException) -> Response[TokenError]:
    """Litestar's own refusals, in the shape of this endpoint."""
    if error.status_code == HTTP_413_REQUEST_ENTITY_TOO_LARGE:
        return _refused(
            invalid_request(f"The body is over {MAX_BODY_BYTES} bytes.", status=error.status_code)
        )
    return _refused(invalid_request("The request cannot be read.", status=error.status_code))


def _refuse_slow(_request: Request[Any, Any, Any], error: TooSlowError) -> Response[TokenError]:
    return _refused(invalid_request(f"{error}.".capitalize(), status=HTTP_408_REQUEST_TIMEOUT))


def _refuse_busy(_request: Request[Any, Any, Any], error: BusyError) -> Response[TokenError]:
    return _refused(unavailable(error.retry_after))


def _refused(refusal: TokenRefusalError) -> Response[TokenError]:
    return Response(
        TokenError(refusal.error, refusal.description, refusal.description),
        status_code=refusal.status,
        media_type=MediaType.JSON,
        headers=_NOT_TO_BE_STORED | refusal.headers,
    )
