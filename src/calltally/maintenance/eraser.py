"""Erases users and accounts, and keeps their counts."""

import secrets
import time

from calltally.call import MAX_ID_BYTES
from calltally.dictionary import Kind
from calltally.errors import BusyError, InvalidInputError
from calltally.maintenance.control_data import ControlData
from calltally.maintenance.corrections import check_reason
from calltally.maintenance.meter_parts import MeterParts

_ERASABLE = {Kind.USER: "user", Kind.ACCOUNT: "account"}
_CHECKPOINT_SECONDS = 60.0


class Eraser:
    """Replaces a user or an account by a meaningless text.

    In this order. A crash after a step leaves the state described there; erasing again always completes it:

    1. the ordered step appends the erasure and renames in the dictionary. Before it is on disk nothing has
       changed; from then on every start performs it.
    2. the applier erases it from the control data and then applies it to the store, in one transaction. Until
       then the text is still in the store and in responses, no longer than one batch takes.
    3. control data are erased once more, since an execution may have finished with an older result, and their
       files are wiped; after a crash the next start wipes them.
    4. a checkpoint makes the store durable without the journal; the journal's current file is ended and
       dropped with all earlier ones. Until then the text is in the journal; the applier's next checkpoint
       drops all but its last file.
    """

    def __init__(self, parts: MeterParts, control: ControlData) -> None:
        self._parts = parts
        self._control = control

    async def erase(self, organization: str, kind: Kind, text: str, who: str, why: str) -> str:
        """See `Maintenance.erase`."""
        _check(kind, text)
        check_reason("who", who)
        check_reason("why", why)
        parts, replacement = self._parts, f"erased-{secrets.token_hex(8)}"
        position = parts.step.erase(kind, organization, text, replacement, who, why, parts.clock.now_ms())
        await parts.caught_up()
        await parts.read(lambda: self._control.erase(kind, organization, text, replacement))
        await parts.read(self._control.wipe)
        await parts.read(lambda: self._clear_journal(position))
        return replacement

    def _clear_journal(self, position: int) -> None:
        """Drop every file with a frame up to a position."""
        parts = self._parts
        parts.journal.rotate()
        deadline = time.monotonic() + _CHECKPOINT_SECONDS
        while (reached := parts.store.checkpoint()) < position:
            if time.monotonic() > deadline:
                raise BusyError(
                    "it is erased from the counted data, but a long query prevents dropping the journal, "
                    "which still contains the text; erase it again later",
                    retry_after=60,
                )
            time.sleep(0.05)
        parts.journal.drop_through(reached)


def _check(kind: Kind, text: str) -> None:
    if kind not in _ERASABLE:
        raise InvalidInputError(
            f"a {kind.name.lower()} cannot be erased",
            field="kind",
            received=kind.name.lower(),
            accepted=" or ".join(_ERASABLE.values()),
        )
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        size = 0
    if not 1 <= size <= MAX_ID_BYTES or "\x00" in text:
        raise InvalidInputError(
            "that is not a valid id of a call",
            field="id",
            received=text[:80],
            accepted=f"a text of 1 to {MAX_ID_BYTES} bytes",
        )
