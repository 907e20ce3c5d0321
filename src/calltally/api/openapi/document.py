"""The OpenAPI document: every served path in one description, written from plain data.

It is not generated from Litestar's handlers: these read parameters and bodies by themselves, so that one
answer can name every fault of a request, and a generated document would know nothing of what they accept.
"""

from collections.abc import Iterable, Mapping
from functools import reduce

import msgspec

from calltally import __version__
from calltally.api.openapi.calls import calls_paths, calls_schemas
from calltally.api.openapi.corrections import corrections_paths, corrections_schemas
from calltally.api.openapi.parts import Data, problem_schemas
from calltally.api.openapi.server import login_paths, server_paths, server_schemas
from calltally.api.openapi.usage import directory_paths, directory_schemas, usage_paths, usage_schemas
from calltally.auth.token_endpoint import TOKEN_PATH
from calltally.control.permissions import (
    ANY_ORGANIZATION,
    BACKFILL,
    CORRECT,
    KNOWN,
    READ_USAGE,
    SEND,
    WRITE_DIRECTORY,
)

_ABOUT = (
    "Calltally takes in a record for every API call, counts each one exactly once, and answers who called"
    " what, how often, with what outcome, over which days. A token speaks for one organization. Operations"
    " under a vendor's name speak that vendor's API, errors included."
)
_TAGS = {
    "Calls": "The way in.",
    "Usage": "What was counted.",
    "Corrections": "What was counted and is wrong, put right.",
    "Outcomes": "What came in and was not counted, as it came.",
    "Directory": "The names of clients, sources and accounts.",
    "Login": "Tokens, and the keys to verify them.",
    "Server": "The server itself; open to everyone, telling nothing of any organization.",
}
_PERMISSIONS = {
    SEND: "Send calls.",
    BACKFILL: "Send calls of any age.",
    ANY_ORGANIZATION: "Send calls for any organization.",
    CORRECT: "Correct what was counted.",
    READ_USAGE: "Read usage, through every door.",
    WRITE_DIRECTORY: "Give names.",
}


def openapi_document(vendors: Iterable[Mapping[str, Data]] = ()) -> Data:
    """The description of our own doors and of vendors' operations, as OpenAPI 3.1.

    A vendor brings ``paths``, ``schemas`` and ``tags`` of its own; names that two of them share are an error.
    The same every time: nothing is read from a running server.
    """
    own = {
        "paths": {
            **calls_paths(),
            **usage_paths(),
            **corrections_paths(),
            **directory_paths(),
            **login_paths(),
            **server_paths(),
        },
        "schemas": {
            **problem_schemas(),
            **calls_schemas(),
            **usage_schemas(),
            **corrections_schemas(),
            **directory_schemas(),
            **server_schemas(),
        },
        "tags": _TAGS,
    }
    whole: Mapping[str, Data] = reduce(_joined, vendors, own)
    document: Data = {
        "openapi": "3.1.0",
        "info": {"title": "Calltally", "version": __version__, "description": _ABOUT},
        "servers": [{"url": "/"}],
        "tags": [{"name": name, "description": text} for name, text in whole["tags"].items()],
        "paths": whole["paths"],
        "components": {"schemas": whole["schemas"], "securitySchemes": _security_schemes()},
    }
    # Defaults in generated schemas are Python's: tuples and members of enumerations.
    plain: Data = msgspec.json.decode(msgspec.json.encode(document))
    return plain


def _joined(one: Mapping[str, Data], other: Mapping[str, Data]) -> Mapping[str, Data]:
    for part in one:
        if shared := one[part].keys() & other[part].keys():
            raise ValueError(f"{part} described twice: {', '.join(sorted(shared))}")
    return {part: one[part] | other[part] for part in one}


def _security_schemes() -> Data:
    scopes = {
        permission: _PERMISSIONS.get(permission, "A vendor's own, for its operations.")
        for permission in sorted(KNOWN)
    }
    return {
        "oauth2": {
            "type": "oauth2",
            "description": "An access token, with the permissions of its client.",
            "flows": {"clientCredentials": {"tokenUrl": TOKEN_PATH, "scopes": scopes}},
        },
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "description": "An API token of a client; it has the client's permissions.",
        },
        "clientCredentials": {
            "type": "http",
            "scheme": "basic",
            "description": "The id and the secret of a client.",
        },
    }
