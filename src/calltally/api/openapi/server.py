"""What the OpenAPI document says of logging in and of the server itself."""

import msgspec

from calltally.api.openapi.parts import (
    COUNT,
    SCHEMAS,
    TEXT,
    Data,
    answer,
    listing,
    operation,
    parameter,
    phrase,
    problems,
    record,
    ref,
)
from calltally.auth.token_endpoint import JWKS_PATH, TOKEN_PATH, TokenError, TokenReply

DOCUMENT_PATH = "/openapi.json"
PAGE_PATH = "/openapi"

_JSON = "application/json"
_BODIES = ("application/x-www-form-urlencoded", "multipart/form-data", _JSON)
_REFUSALS = (400, 401, 408, 413, 415, 429)
_NOT_STORED = {"Cache-Control": {"required": True, "schema": {"const": "no-store"}}}
_TOLD = {
    "grant_type": "Always client_credentials, in capitals or not.",
    "client_id": "Here or by HTTP Basic.",
    "client_secret": "Here or by HTTP Basic.",
    "scope": "Permissions separated by blanks; without it, all that the client has.",
}
_PARAMETER = {"type": "string", "maxLength": 1024}


def login_paths() -> Data:
    """``/oauth/token`` and the keys to verify what it issues."""
    refusals = {
        str(status): answer({_JSON: ref("TokenError")}, phrase(status), headers=_NOT_STORED)
        for status in _REFUSALS
    }
    body = {"content": {media_type: {"schema": ref("TokenRequest")} for media_type in _BODIES}}
    issue = operation(
        "issueToken",
        "Login",
        "Exchange client credentials for an access token",
        {
            "200": answer({_JSON: ref("TokenReply")}, "A token.", headers=_NOT_STORED),
            **refusals,
            **problems(500),
        },
        description="The parameters may come in any of these bodies, in the query, or by HTTP Basic.",
        security=[{}, {"clientCredentials": []}],
        parameters=[parameter(name, text, _PARAMETER) for name, text in _TOLD.items()],
        requestBody=body,
    )
    keys = answer({_JSON: ref("KeySet")}, "A JSON Web Key Set (RFC 7517).")
    show = operation(
        "getSigningKeys", "Login", "The public keys that verify access tokens", {"200": keys, **problems(500)}
    )
    return {TOKEN_PATH: {"post": issue}, JWKS_PATH: {"get": show}}


def server_paths() -> Data:
    """Health, metrics and this description."""
    alive = record({"status": {"const": "alive"}})
    body = answer({_JSON: ref("Readiness")}, "Calls are taken in and counted.")
    unready = answer({_JSON: ref("Readiness")}, "They are not; `problems` says why.")
    metrics = answer({"text/plain": TEXT}, "Prometheus's text format.")
    document = answer({_JSON: {"type": "object", "required": ["openapi", "info", "paths"]}})
    return {
        "/healthz": {
            "get": operation("getHealth", "Server", "Is the process alive?", {"200": answer({_JSON: alive})})
        },
        "/readyz": {
            "get": operation(
                "getReadiness", "Server", "Can the server keep its promises?", {"200": body, "503": unready}
            )
        },
        "/metrics": {"get": operation("getMetrics", "Server", "The state of the server", {"200": metrics})},
        DOCUMENT_PATH: {"get": operation("getDocument", "Server", "This description", {"200": document})},
        PAGE_PATH: {
            "get": operation(
                "getPage", "Server", "This description as a page", {"200": answer({"text/html": TEXT})}
            )
        },
    }


def server_schemas() -> Data:
    _, schemas = msgspec.json.schema_components([TokenReply, TokenError], ref_template=SCHEMAS + "{name}")
    request = {name: {**_PARAMETER, "description": text} for name, text in _TOLD.items()}
    # The endpoint reads grant_type without regard to case; the exact text is what to send.
    request["grant_type"] = {
        "type": "string",
        "examples": ["client_credentials"],
        "description": _TOLD["grant_type"],
    }
    key = record(dict.fromkeys(("kty", "crv", "x", "y", "kid", "use", "alg"), TEXT))
    return {
        **schemas,
        "TokenRequest": record(request, required=()),
        "KeySet": record({"keys": listing(key)}),
        "Readiness": record(
            {
                "status": {"enum": ["ready", "unready"]},
                "problems": listing(TEXT),
                "lag": {
                    **COUNT,
                    "description": "Journal positions that are on disk and not yet in the store.",
                },
                "lag_calls": {
                    **COUNT,
                    "description": "Calls that were taken in and are not yet in the store.",
                },
                "lag_seconds": {
                    "type": "number",
                    "minimum": 0,
                    "description": "How long the oldest of them has waited.",
                },
            }
        ),
    }
