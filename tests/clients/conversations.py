"""Both kinds of clients, used alike; and conversations that are held without any."""

import asyncio
import inspect
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from calltally.clients import (
    AsyncGenesysClient,
    AsyncSailPointClient,
    AsyncSegmentClient,
    GenesysClient,
    GenesysOrganization,
    SailPointClient,
    SailPointTenant,
    SegmentClient,
    SegmentWorkspace,
)
from calltally.clients.conversation import Conversation, Step

_SYNC: dict[type, Any] = {
    SailPointTenant: SailPointClient,
    SegmentWorkspace: SegmentClient,
    GenesysOrganization: GenesysClient,
}
_ASYNC: dict[type, Any] = {
    SailPointTenant: AsyncSailPointClient,
    SegmentWorkspace: AsyncSegmentClient,
    GenesysOrganization: AsyncGenesysClient,
}


class Talk(Protocol):
    """Makes a client for a vendor, asks, and closes it; iterators come back as lists."""

    def __call__(self, vendor: object, ask: Callable[[Any], Any], **options: Any) -> Any: ...


def talk_synchronously(vendor: object, ask: Callable[[Any], Any], **options: Any) -> Any:
    with _SYNC[type(vendor)](vendor, **options) as client:
        answer = ask(client)
        return list(answer) if isinstance(answer, Iterator) else answer


def talk_asynchronously(vendor: object, ask: Callable[[Any], Any], **options: Any) -> Any:
    async def talk() -> Any:
        async with _ASYNC[type(vendor)](vendor, **options) as client:
            answer = ask(client)
            return await answer if inspect.isawaitable(answer) else [row async for row in answer]

    return asyncio.run(talk())


def hold(conversation: Conversation[Any], came: Callable[[Step], object]) -> Any:
    """The answer of a conversation; ``came`` tells what comes of each step, or raises what is thrown in."""
    try:
        step = next(conversation)
        while True:
            try:
                answer = came(step)
            except Exception as error:  # noqa: BLE001 - the conversation decides
                step = conversation.throw(error)
            else:
                step = conversation.send(answer)
    except StopIteration as end:
        return end.value
