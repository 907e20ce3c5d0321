"""One API call, as a sender writes it."""

from typing import NamedTuple

import msgspec

MAX_ID_BYTES = 256
MAX_NAME_BYTES = 1024
MAX_PATH_BYTES = 8192
MAX_METHOD_BYTES = 64
MAX_WHOLE_NUMBER = 2**63 - 1


class Call(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """A call with the fields of ``POST /v1/calls``; the field table in docs/api.md is generated from it.

    Only ``id`` and ``time`` are required; absent text is empty. The types here are those of the JSON values;
    `calltally.ingest.call_rules` has the other rules of the values.
    """

    id: str
    time: str
    origin: str = ""
    organization: str = ""
    client_id: str = ""
    user_id: str = ""
    source_id: str = ""
    account_id: str = ""
    method: str = ""
    route: str = ""
    path: str = ""
    status: int = 0
    duration_ms: int | None = None
    request_bytes: int | None = None
    response_bytes: int | None = None
    client_name: str = ""
    source_name: str = ""
    account_name: str = ""


class CallName(NamedTuple):
    """What identifies a call within its organization, as its sender wrote it."""

    origin: str
    id: str
