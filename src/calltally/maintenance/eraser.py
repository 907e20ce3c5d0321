"""Forgetting who somebody was, and not what was counted."""

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
    """Puts a replacement, which tells nothing, in the place of a user or an account.

    In this order, and a crash behind each line leaves what is said there; erasing again always ends it:

    1. the ordered step appends the erasure and renames in the dictionary. Before it is on disk nothing has
       changed; from then on every start carries it out.
    2. the roller has the control data erased and then applies it to the store, in one transaction. Until then
       the text still stands in the store and in answers, and no longer than a roll takes.
    3. control data are erased once more, as an execution may have finished with an older answer, and their
       files wiped; after a crash the next start wipes them.
    4. a checkpoint makes the store safe without the journal, whose file is ended and dropped with all before.
       Until then the text stands in the journal; the next checkpoint of the roller drops all but its last
       file.
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
        """Drops every file with a frame up to a position."""
        parts = self._parts
        parts.journal.rotate()
        deadline = time.monotonic() + _CHECKPOINT_SECONDS
        while (reached := parts.store.checkpoint()) < position:
            if time.monotonic() > deadline:
                raise BusyError(
                    "it is erased from what is counted, but a long question keeps the journal from being "
                    "dropped, and the text is in there still; erase it again later",
                    retry_after=60,
                )
            time.sleep(0.05)
        parts.journal.drop_through(reached)


def _check(kind: Kind, text: str) -> None:
    if kind not in _ERASABLE:
        raise InvalidInputError(
            f"a {kind.name.lower()} is nobody who could be erased",
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
            "that is no id that a call could carry",
            field="id",
            received=text[:80],
            accepted=f"a text of 1 to {MAX_ID_BYTES} bytes",
        )
