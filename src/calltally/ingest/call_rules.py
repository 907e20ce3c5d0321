"""The rules for calls beyond their JSON types, with messages for senders."""

import json
from dataclasses import dataclass
from typing import NamedTuple

from calltally.call import (
    MAX_ID_BYTES,
    MAX_METHOD_BYTES,
    MAX_NAME_BYTES,
    MAX_PATH_BYTES,
    MAX_WHOLE_NUMBER,
    Call,
)
from calltally.clock import instant_of
from calltally.ingest import instants

TEXT_LIMITS = {
    "id": MAX_ID_BYTES,
    "origin": MAX_NAME_BYTES,
    "organization": MAX_ID_BYTES,
    "client_id": MAX_ID_BYTES,
    "user_id": MAX_ID_BYTES,
    "source_id": MAX_ID_BYTES,
    "account_id": MAX_ID_BYTES,
    "method": MAX_METHOD_BYTES,
    "route": MAX_PATH_BYTES,
    "path": MAX_PATH_BYTES,
    "client_name": MAX_NAME_BYTES,
    "source_name": MAX_NAME_BYTES,
    "account_name": MAX_NAME_BYTES,
}
"""The longest text of each field, in bytes of UTF-8."""

MEASURES = ("duration_ms", "request_bytes", "response_bytes")


class Fault(NamedTuple):
    """Why one call is rejected; ``field`` is empty if the call as a whole cannot be read.

    ``code`` is a short name of the violated rule for outcomes and programs, listed in docs/api.md: it
    contains nothing of the call, and there is a fixed set of them.
    """

    code: str
    field: str
    reason: str


_COUNTED_TEXTS = (
    *("origin", "organization", "client_id", "user_id", "source_id", "account_id", "method", "route"),
)
"""The fields with a limit on distinct values."""

DAY_SEALED = "day_sealed"
"""The code of a call for a day whose calls were pruned, or are being pruned."""

CODES = frozenset(
    {
        *(
            "too_large",
            "too_deep",
            "not_utf8",
            "not_unicode",
            "unreadable",
            "wrong_type",
            "unknown_field",
            DAY_SEALED,
        ),
        *("id.missing", "time.missing", "time.unreadable", "time.in_future", "time.too_late"),
        *("organization.foreign", "status.out_of_range"),
        *(f"{field}.out_of_range" for field in MEASURES),
        *(f"{field}.too_many_values" for field in _COUNTED_TEXTS),
        *(f"{field}.{fault}" for field in TEXT_LIMITS for fault in ("nul", "not_unicode", "too_long")),
    }
)
"""Every code that a call can be rejected with."""


def sealed_fault(first_open_ms: int) -> Fault:
    """The fault of a call for a sealed day."""
    first_open = instant_of(first_open_ms).isoformat()
    return Fault(
        DAY_SEALED,
        "time",
        f"lies in a day whose calls were pruned for good; accepted is from {first_open} on",
    )


def too_many_fault(field: str, text: str, bound: str) -> Fault:
    """The fault of a call with a new text beyond a limit."""
    return Fault(
        f"{field}.too_many_values",
        field,
        f"is {shown(text)}, which no counted call had before, and there are {bound} already; "
        "accepted is one that calls had before",
    )


@dataclass(frozen=True, slots=True)
class Admission:
    """The calls that one request may contain: their organizations and times."""

    organization: str
    any_organization: bool
    earliest_ms: int
    latest_ms: int
    backfill: bool


def fault_of(call: Call, admission: Admission) -> Fault | None:
    """The first fault of a call, or None if it is valid."""
    return (
        _text_fault(call)
        or _organization_fault(call, admission)
        or _time_fault(call.time, admission)
        or _status_fault(call.status)
        or _measure_fault(call)
    )


def shown(value: object) -> str:
    """A received value as JSON, shortened for messages."""
    try:
        text = json.dumps(value, ensure_ascii=not isinstance(value, str) or not value.isprintable())
    except (TypeError, ValueError):
        text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}…"


def _text_fault(call: Call) -> Fault | None:
    if not call.id:
        return Fault(
            "id.missing", "id", f"must not be empty; accepted is a text of 1 to {MAX_ID_BYTES} bytes"
        )
    for field, limit in TEXT_LIMITS.items():
        text: str = getattr(call, field)
        if not text:
            continue
        if "\x00" in text:
            return Fault(f"{field}.nul", field, f"contains a NUL character: {shown(text)}")
        try:
            size = len(text.encode())
        except UnicodeEncodeError:
            return Fault(f"{field}.not_unicode", field, f"is not valid Unicode: {shown(text)}")
        if size > limit:
            return Fault(f"{field}.too_long", field, f"has {size} bytes; accepted are at most {limit}")
    return None


def _organization_fault(call: Call, admission: Admission) -> Fault | None:
    if not call.organization or call.organization == admission.organization or admission.any_organization:
        return None
    return Fault(
        "organization.foreign",
        "organization",
        f"is {shown(call.organization)}, but this token speaks for {shown(admission.organization)}; "
        "leave it out or use a token with calls:any-organization",
    )


def _time_fault(text: str, admission: Admission) -> Fault | None:
    try:
        time_ms = instants.parse_instant(text)
    except ValueError as error:
        reason = f"is {shown(text)}: {error}; accepted is {instants.ACCEPTED}"
        return Fault("time.unreadable", "time", reason)
    if time_ms > admission.latest_ms:
        latest = instant_of(admission.latest_ms).isoformat()
        reason = f"is {shown(text)}, too far in the future; accepted is up to {latest}"
        return Fault("time.in_future", "time", reason)
    if time_ms >= admission.earliest_ms:
        return None
    earliest = instant_of(admission.earliest_ms).isoformat()
    remedy = "" if admission.backfill else "; send older calls as a declared backfill (?backfill=true)"
    reason = f"is {shown(text)}, too long ago; accepted is from {earliest} on{remedy}"
    return Fault("time.too_late", "time", reason)


def _status_fault(status: int) -> Fault | None:
    if status == 0 or 100 <= status <= 599:
        return None
    reason = f"is {shown(status)}; accepted is 0 (no answer) or 100 to 599"
    return Fault("status.out_of_range", "status", reason)


def _measure_fault(call: Call) -> Fault | None:
    for field in MEASURES:
        value: int | None = getattr(call, field)
        if value is not None and not 0 <= value <= MAX_WHOLE_NUMBER:
            reason = f"is {shown(value)}; accepted is a whole number from 0 to {MAX_WHOLE_NUMBER}"
            return Fault(f"{field}.out_of_range", field, reason)
    return None
