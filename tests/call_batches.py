"""Batches of calls for tests, made the way ingest makes them."""

import hashlib
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import numpy as np
import xxhash

from calltally.call import Call
from calltally.call_batch import ABSENT, CALL_COLUMNS, CallBatch, Conflict, Outcome
from calltally.clock import instant_ms
from calltally.dictionary import Dictionary, DictionaryValue, Kind
from calltally.packed_texts import PackedTexts
from calltally.store.usage_store import UsageStore
from calltally.unstored_calls import FIELDS, UnstoredCalls

_numbers = iter(range(1, 2**62))


def a_call(**fields: Any) -> Call:
    """A call of organization ``acme`` with an id of its own; every field can be said otherwise."""
    given: dict[str, Any] = {
        "id": f"call-{next(_numbers)}",
        "time": "2026-03-10T12:00:00Z",
        "organization": "acme",
        "client_id": "client-1",
        "user_id": "user-1",
        "source_id": "source-1",
        "account_id": "account-1",
        "method": "GET",
        "route": "/users/{id}",
        "path": "/users/17",
        "status": 200,
    }
    return Call(**(given | fields))


def batch_of(
    store: UsageStore,
    *calls: Call,
    position: int | None = None,
    received_ms: int | None = None,
    outcomes: Iterable[Outcome] | None = None,
    conflicts: Iterable[Conflict] = (),
) -> CallBatch:
    """A batch of one journal position, which holds calls that were all accepted.

    Without ``position`` it follows what the store holds, without ``received_ms`` each call came the instant
    it happened, without ``outcomes`` they say that every call was accepted. New texts get their ids in the
    store's dictionary.
    """
    values: list[DictionaryValue] = []
    paths = [""]
    columns = np.zeros(len(calls), CALL_COLUMNS)
    for row, call in zip(columns, calls, strict=True):
        _fill(row, call, store, values)
        row["path"] = _index(paths, call.path)
    received = [time_ms(call) if received_ms is None else received_ms for call in calls]
    at = store.position + 1 if position is None else position
    return CallBatch(
        first_position=at,
        last_position=at,
        calls=columns,
        positions=np.full(len(calls), at, np.uint64),
        received_ms=np.array(received, np.int64),
        paths=PackedTexts.of(paths),
        values=values,
        outcomes=_all_accepted(columns, received) if outcomes is None else list(outcomes),
        conflicts=list(conflicts),
    )


def unstored_of(*batches: CallBatch) -> UnstoredCalls:
    """The rows of batches that follow each other, for a store that may lack them."""
    columns = {name: np.concatenate([batch.column(name) for batch in batches]) for name in FIELDS}
    return UnstoredCalls(columns | {"position": np.concatenate([batch.positions for batch in batches])})


def time_ms(call: Call) -> int:
    """When a call happened, in whole milliseconds since 1970."""
    return instant_ms(datetime.fromisoformat(call.time))


def identity_of(store: UsageStore, call: Call) -> tuple[int, int]:
    """The 128 bits that name a call in a store, high and low."""
    parts = [part.encode() for part in (call.organization, call.origin, call.id)]
    prefixed = b"".join(len(part).to_bytes(4, "little") + part for part in parts)
    hashed = hashlib.blake2s(prefixed, digest_size=16, key=store.identity_key.secret)
    return divmod(int.from_bytes(hashed.digest()), 2**64)


def digest_of(call: Call) -> int:
    """A fingerprint of everything that a call says."""
    return xxhash.xxh3_64_intdigest(repr(call).encode())


def _fill(row: Any, call: Call, store: UsageStore, values: list[DictionaryValue]) -> None:
    dictionary = store.dictionary
    organization = _id(dictionary, Kind.ORGANIZATION, 0, call.organization, values)
    row["organization"] = organization
    for kind, column, text in (
        (Kind.ORIGIN, "origin", call.origin),
        (Kind.CLIENT, "client", call.client_id),
        (Kind.USER, "user", call.user_id),
        (Kind.SOURCE, "source", call.source_id),
        (Kind.ACCOUNT, "account", call.account_id),
        (Kind.METHOD, "method", call.method),
        (Kind.ROUTE, "route", call.route),
    ):
        row[column] = _id(dictionary, kind, organization, text, values)
    row["identity_high"], row["identity_low"] = identity_of(store, call)
    row["digest"] = digest_of(call)
    row["time_ms"] = time_ms(call)
    row["status"] = call.status
    for measure in ("duration_ms", "request_bytes", "response_bytes"):
        value = getattr(call, measure)
        row[measure] = ABSENT if value is None else value


def _id(
    dictionary: Dictionary, kind: Kind, organization: int, text: str, values: list[DictionaryValue]
) -> int:
    new = dictionary.intern(kind, organization, text)
    if new is not None:
        values.append(new)
    found = dictionary.find(kind, organization, text)
    assert found is not None
    return found


def _index(paths: list[str], path: str) -> int:
    if path not in paths:
        paths.append(path)
    return paths.index(path)


def _all_accepted(columns: Any, received_ms: list[int]) -> list[Outcome]:
    days = [ms // 86_400_000 for ms in received_ms]
    counts = Counter(zip(columns["organization"].tolist(), days, strict=True))
    return [Outcome(organization, day, n, n, 0, 0, 0) for (organization, day), n in sorted(counts.items())]
