"""The demo's calls on their way in, through the same intake as everybody's."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate, islice

from calltally.call import Call
from calltally.control.clients import NewClient
from calltally.control.permissions import READ_USAGE
from calltally.demo.demo_calls import DemoCalls
from calltally.demo.demo_story import ORGANIZATION
from calltally.dictionary import Kind
from calltally.ingest.call_slices import DecodedCalls
from calltally.ingest.sender import Sender
from calltally.wiring import Installation

_SLICES_PER_TAKE = 50


@dataclass(frozen=True, slots=True)
class DemoAccess:
    """Ways to log in to a demo: a client that sends and reads, one that only reads, and a token of each."""

    client: NewClient
    token: str
    reader: NewClient
    reader_token: str


@dataclass(frozen=True, slots=True)
class LoadedDemo:
    """A demo that is ready: every call is on disk and counted, which took so many seconds."""

    access: DemoAccess
    calls: int
    seconds: float


async def load_demo(
    installation: Installation, demo: DemoCalls, progress: Callable[[int], None] = lambda _: None
) -> LoadedDemo:
    """Fills an empty installation, whose meter is open; ``progress`` is told how many calls are on disk.

    Returns once an answer would cover all calls.
    """
    meter = installation.meter
    if meter is None:
        raise RuntimeError("open_meter comes first")
    access = await asyncio.to_thread(_prepare, installation, demo)
    sender = Sender(ORGANIZATION, backfill=True)
    started = time.perf_counter()
    accepted = 0
    slices = demo.slices()
    while some := list(islice(slices, _SLICES_PER_TAKE)):
        receipt = await meter.intake.take(sender, _decoded(some))
        accepted += receipt.accepted
        progress(accepted)
    await meter.applier.caught_up()
    return LoadedDemo(access, accepted, time.perf_counter() - started)


def _prepare(installation: Installation, demo: DemoCalls) -> DemoAccess:
    """Makes the clients, and names the sources that no call will ever name."""
    clients = installation.clients
    client = clients.create(ORGANIZATION, "Demo client")
    reader = clients.create(ORGANIZATION, "Demo reader", (READ_USAGE,))
    tokens = installation.api_tokens
    token = tokens.create(client.client_id, "Demo token").token
    reader_token = tokens.create(reader.client_id, "Demo reader token").token
    sources = demo.organization.sources
    for source_id, name, weight in zip(sources.ids, sources.names, sources.weight, strict=True):
        if not weight:
            installation.names.set(ORGANIZATION, Kind.SOURCE, source_id, name)
    return DemoAccess(client, token, reader, reader_token)


def _decoded(slices: list[list[Call]]) -> list[DecodedCalls]:
    starts = accumulate(map(len, slices), initial=0)
    return [
        DecodedCalls(len(calls), calls, list(range(first, first + len(calls))))
        for first, calls in zip(starts, slices, strict=False)
    ]
