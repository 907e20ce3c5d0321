"""Audits the journal's files."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import msgspec

from calltally.errors import CalltallyError
from calltally.journal.frame import decode_payload
from calltally.journal.journal import Journal
from calltally.journal.journal_files import files_of, frames_in
from calltally.store.audit import AuditStep, Difference

_WHAT = "the journal's files"


def audit_journal(journal: Journal) -> Iterator[AuditStep]:
    """One step per file: its frames are complete, decodable and consecutive.

    Frames that are not durable yet are left out. Files may be dropped by a checkpoint meanwhile.
    """
    durable = journal.durable.position
    files = files_of(journal.folder)
    spans = [*pairwise(first for first, _ in files), (files[-1][0], durable + 1)] if files else []
    for number, ((_, path), (first, end)) in enumerate(zip(files, spans, strict=True), start=1):
        found = [_difference(path, first, end)] if first < end else []
        yield AuditStep(_WHAT, number, len(files), tuple(one for one in found if one))


def _difference(path: Path, first: int, end: int) -> Difference | None:
    """The damage of a file that must have the positions from ``first`` to ``end`` (exclusive)."""
    expected = first
    try:
        for header, payload in frames_in(path, first):
            if header.position >= end:
                break
            decode_payload(payload, header.magic)
            expected = header.position + 1
    except FileNotFoundError:
        return None
    except (msgspec.MsgspecError, CalltallyError, ValueError) as error:
        return Difference(_WHAT, "", None, f"{path.name}: position {expected}: {error}", 0, 1)
    if expected < end:
        return Difference(_WHAT, "", None, f"{path.name}: position {expected} cannot be read", 0, 1)
    return None
