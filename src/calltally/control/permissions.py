"""What a client may be granted, and which grants open which door."""

from collections.abc import Iterable

from calltally.errors import InvalidInputError

SEND = "calls:send"
BACKFILL = "calls:backfill"
ANY_ORGANIZATION = "calls:any-organization"
CORRECT = "calls:correct"
READ_USAGE = "usage:read"
WRITE_DIRECTORY = "directory:write"

DEFAULT = frozenset({SEND, BACKFILL, READ_USAGE})
"""What a client gets that is made without further words: send, backfill and read through every door."""

SAILPOINT_API_USAGE = (READ_USAGE, "sp:scopes:all", "sp:api-usage:read")
SAILPOINT_ACTIVITY = (READ_USAGE, "sp:scopes:all", "idn:identity-history:manage", "idn:accounts:read")
"""SailPoint's own scopes beside ours; one of them is enough."""

SEGMENT = (READ_USAGE,)
"""Segment's tokens have no scopes."""

GENESYS_ORGANIZATION_USAGE = (READ_USAGE, "oauth:client:view", "usage:organization:view")
GENESYS_SIMPLE_SEARCH = (READ_USAGE, "oauth:client:view", "usage:simpleSearch:view")
GENESYS_CLIENT_USAGE = (READ_USAGE, "oauth:client:view", "usage:client:view")
GENESYS_ORGANIZATION_JOBS = (READ_USAGE, "usage:organization:view")
GENESYS_CLIENT_JOBS = (READ_USAGE, "usage:client:view")
"""Genesys's own permissions beside ours; one of them is enough."""

KNOWN = frozenset(
    {
        *(SEND, BACKFILL, ANY_ORGANIZATION, CORRECT, READ_USAGE, WRITE_DIRECTORY),
        *SAILPOINT_API_USAGE,
        *SAILPOINT_ACTIVITY,
        *SEGMENT,
        *GENESYS_ORGANIZATION_USAGE,
        *GENESYS_SIMPLE_SEARCH,
        *GENESYS_CLIENT_USAGE,
    }
)
"""Every permission that can be granted."""


def checked_permissions(permissions: Iterable[str]) -> frozenset[str]:
    """The permissions as a set; raises `InvalidInputError` when one of them is none that can be granted."""
    asked = frozenset(permissions)
    if unknown := asked - KNOWN:
        raise InvalidInputError(
            f"unknown permissions: {', '.join(sorted(unknown))}; known are: {', '.join(sorted(KNOWN))}",
            field="permissions",
            received=sorted(unknown),
            accepted=", ".join(sorted(KNOWN)),
        )
    return asked
