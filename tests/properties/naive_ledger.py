"""What must be counted after calls and corrections of them, told by keeping each call's last word."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from tests.properties.naive_meter import NaiveMeter, identity_of, time_of


class NaiveLedger(NaiveMeter):
    """A naive meter whose calls can be corrected; ``now`` holds what each call says, None if cancelled."""

    def __init__(self, now: datetime) -> None:
        super().__init__(now)
        self.now: dict[Any, Mapping[str, Any] | None] = {}

    def take(self, call: Mapping[str, Any]) -> str:
        verdict = super().take(call)
        if verdict == "accepted":
            self.now[identity_of(call)] = call
        return verdict

    def cancel(self, identities: Sequence[Any]) -> tuple[int, int, int] | None:
        """Withdrawn, restated and added; None when a call is unknown and nothing changes."""
        if not set(identities) <= set(self.now):
            return None
        active = {one for one in identities if self.now[one] is not None}
        self.now.update(dict.fromkeys(active))
        return len(active), 0, 0

    def amend(self, calls: Sequence[Mapping[str, Any]]) -> tuple[int, int, int] | None:
        identities = [identity_of(call) for call in calls]
        if not set(identities) <= set(self.now):
            return None
        active = sum(self.now[one] is not None for one in identities)
        self.now.update(zip(identities, calls, strict=True))
        return active, len(calls), 0

    def replace(
        self, start: datetime, end: datetime, client: str | None, calls: Sequence[Mapping[str, Any]]
    ) -> tuple[int, int, int] | None:
        """None too when a call lies elsewhere, or is counted elsewhere."""

        def is_meant(call: Mapping[str, Any] | None) -> bool:
            if call is None:
                return False
            return start <= time_of(call) < end and client in (None, call.get("client_id", ""))

        there = {one for one, call in self.now.items() if is_meant(call)}
        for call in calls:
            elsewhere = self.now.get(identity_of(call)) is not None and identity_of(call) not in there
            if not is_meant(call) or elsewhere:
                return None
        added = [call for call in calls if identity_of(call) not in self.now]
        self.now.update(dict.fromkeys(there))
        for call in calls:
            self.now[identity_of(call)] = call
            self.counted.setdefault(identity_of(call), call)
        return len(there), len(calls) - len(added), len(added)

    def standing(self) -> Sequence[Mapping[str, Any]]:
        return [call for call in self.now.values() if call is not None]
