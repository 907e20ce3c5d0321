"""One API call, the thing everything counts, as a sender writes it."""

from typing import NamedTuple

import msgspec

MAX_ID_BYTES = 256
MAX_NAME_BYTES = 1024
MAX_PATH_BYTES = 8192
MAX_METHOD_BYTES = 64
MAX_WHOLE_NUMBER = 2**63 - 1


class Call(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """A call in the words of ``POST /v1/calls``; the field table in docs/api.md is drawn from it.

    Only ``id`` and ``time`` are required and absent text is empty. The types here are what JSON must bring;
    `calltally.ingest.call_rules` holds what else must be true of the values.
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
    """What identifies a call within its organization, in its sender's words."""

    origin: str
    id: str
