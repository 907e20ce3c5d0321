"""Prepared calls as rows of the journal."""

import numpy as np

from calltally.call_batch import CALL_COLUMNS, CallColumns, Int64s
from calltally.dictionary import Kind
from calltally.ingest.call_rules import MEASURES
from calltally.ingest.dictionary_encoder import DictionaryEncoder, used_texts
from calltally.ingest.prepared_calls import Int32s, PreparedCalls, TextColumn
from calltally.packed_texts import PackedTexts

DIMENSIONS = {
    "origin": (Kind.ORIGIN, "origin"),
    "client": (Kind.CLIENT, "client_id"),
    "user": (Kind.USER, "user_id"),
    "source": (Kind.SOURCE, "source_id"),
    "account": (Kind.ACCOUNT, "account_id"),
    "method": (Kind.METHOD, "method"),
}
"""The journal's column, its dictionary and the call's field."""


def call_rows(
    calls: PreparedCalls, rows: Int64s, organizations: Int32s, interning: DictionaryEncoder
) -> tuple[CallColumns, PackedTexts]:
    """Some of the calls as columns, with the paths that these index; ``organizations`` has only their
    rows."""
    columns = np.zeros(len(rows), CALL_COLUMNS)
    if not len(rows):
        return columns, PackedTexts.of([""])
    for name in ("identity_high", "identity_low", "digest", "time_ms", "status"):
        columns[name] = getattr(calls, name)[rows]
    for name in MEASURES:
        columns[name] = calls.measures[name][rows]
    columns["organization"] = organizations
    for name, (kind, field) in DIMENSIONS.items():
        columns[name] = interning.ids(kind, organizations, calls.texts[field], rows)
    columns["route"] = interning.route_ids(organizations, calls.texts["route"], calls.texts["path"], rows)
    columns["path"], paths = _paths(calls.texts["path"], rows)
    return columns, PackedTexts.of(paths)


def _paths(paths: TextColumn, rows: Int64s) -> tuple[Int32s, list[str]]:
    """Each row's index into the paths, and the paths, of which the first is empty."""
    if paths.distinct == [""]:
        return np.zeros(len(rows), np.int32), [""]
    codes = paths.codes[rows]
    used, texts = used_texts(paths, codes)
    of_code = np.zeros(len(paths.distinct), np.int32)
    of_code[used] = np.arange(1, len(used) + 1)
    if "" in texts:
        of_code[used[texts.index("")]] = 0
    return of_code[codes], ["", *texts]
