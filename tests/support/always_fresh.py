"""A store that calls are applied to directly."""

from calltally.unstored_calls import NONE_UNSTORED, UnstoredCalls


class AlwaysFresh:
    """`Freshness` of a store that lacks nothing."""

    async def caught_up(self) -> None: ...

    def unstored(self) -> UnstoredCalls:
        return NONE_UNSTORED
