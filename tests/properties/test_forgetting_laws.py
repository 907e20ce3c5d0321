"""However identities are kept, and wherever: a call that came within the horizon, or ever on its own day, is
never counted again, and one that never came is counted."""

import asyncio
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from calltally.clock import instant_of
from calltally.ingest.identities.run_file import DamagedRunError
from calltally.wiring import MeterOptions
from tests.support.metering import NOON, LastingMetering, Metering
from tests.support.seeds import examples
from tests.support.spilling import spill, tables_of_six

HORIZON = timedelta(days=35)


@pytest.fixture(autouse=True, scope="module")
def _tables_of_six() -> Iterator[None]:
    with tables_of_six():
        yield


@dataclass(frozen=True)
class Sent:
    """A call that says when it happened."""

    id: int
    time: datetime
    status: int


@dataclass(frozen=True)
class Moved:
    """The clock, by so much."""

    by: timedelta


@dataclass(frozen=True)
class Restarted:
    """The meter, after a run got lost or was damaged, if there is one of that number."""

    lost: int | None
    damaged: int | None


Step = list[Sent] | Moved | Restarted | str

DAYS = [-400, -71, -40, -36, -35, -30, -2, -1, 0, 0, 0, 19, 35, 36]
sent = st.builds(
    Sent,
    st.integers(0, 25),
    st.builds(
        lambda days, hours: NOON + timedelta(days=days, hours=hours),
        st.sampled_from(DAYS),
        st.sampled_from([-11, 0]),
    ),
    st.sampled_from([200, 200, 404]),
)
moves = [timedelta(hours=hours) for hours in (1, 30, 24 * 20, 24 * 36, -2, -24 * 2, -24 * 37)]
steps: st.SearchStrategy[Step] = st.one_of(
    st.lists(sent, min_size=1, max_size=14),
    st.lists(sent, min_size=1, max_size=14),
    st.builds(Moved, st.sampled_from(moves)),
    st.just("spill"),
    st.builds(Restarted, st.none() | st.integers(0, 3), st.none() | st.integers(0, 3)),
)
memories = st.sampled_from([1, 700, 10**6])


@settings(max_examples=examples(150), suppress_health_check=list(HealthCheck))
@given(st.lists(steps, min_size=6, max_size=16), memories, st.booleans())
def test_what_came_before_is_known_wherever_it_is_kept(
    script: list[Step], memory: int, by_reference: bool
) -> None:
    options = MeterOptions(seen_ids_memory=memory)
    asyncio.run(play(script, Metering, options, by_reference=by_reference))


@settings(max_examples=examples(15), suppress_health_check=list(HealthCheck))
@given(st.lists(steps, min_size=6, max_size=16), memories)
def test_the_embedded_store_knows_what_runs_do_not(script: list[Step], memory: int) -> None:
    asyncio.run(play(script, LastingMetering, MeterOptions(seen_ids_memory=memory)))


async def play(
    script: list[Step], kind: type[Metering], options: MeterOptions, *, by_reference: bool = False
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        meter = kind(Path(folder), options=options, by_reference=by_reference)
        await meter.up()
        naive = NaiveMemory()
        try:
            for step in script:
                await take(step, meter, naive, Path(folder) / "seen")
            assert await meter.calls() == sum(map(len, naive.known.values()))
        finally:
            await meter.down()


async def take(step: Step, meter: Metering, naive: "NaiveMemory", runs: Path) -> None:
    match step:
        case Moved(by):
            meter.clock.move_to(now_of(meter) + by)
        case Restarted(lost, damaged):
            await spill(meter)
            await meter.down()
            harm(runs, lost, damaged)
            await meter.up()
        case "spill":
            await spill(meter)
        case list():
            await send(step, meter, naive)


async def send(calls: list[Sent], meter: Metering, naive: "NaiveMemory") -> None:
    """What is told must be what the naive memory allows, call by call."""
    now = now_of(meter)
    bodies = [{"id": str(call.id), "time": call.time.isoformat(), "status": call.status} for call in calls]
    try:
        receipt = await meter.send(*bodies, backfill=True)
    except DamagedRunError:  # the process ends, and the next start reads the store
        await meter.down()
        await meter.up()
        receipt = await meter.send(*bodies, backfill=True)
    verdicts = {verdict.index: verdict.verdict.value for verdict in receipt.verdicts}
    for index, call in enumerate(calls):
        told = verdicts.get(index, "accepted")
        assert told in naive.allowed(call, now)
        if told == "accepted":
            naive.take(call, now)


class NaiveMemory:
    """Every call that was counted, with when it came."""

    def __init__(self) -> None:
        self.known: defaultdict[int, list[tuple[datetime, Sent]]] = defaultdict(list)

    def allowed(self, call: Sent, now: datetime) -> set[str]:
        """The verdicts that keep the promise; what came long ago, for another day, may be forgotten."""
        if call.time > now + timedelta(minutes=5):
            return {"rejected"}
        came = self.known[call.id]
        verdicts = {"duplicate" if first == call else "conflict" for _, first in came}
        must_be_known = any(
            received >= now - HORIZON or first.time.date() == call.time.date() for received, first in came
        )
        return verdicts if must_be_known else {*verdicts, "accepted"}

    def take(self, call: Sent, now: datetime) -> None:
        self.known[call.id].append((now, call))


def harm(folder: Path, lost: int | None, damaged: int | None) -> None:
    runs = sorted(folder.iterdir())
    if damaged is not None and damaged < len(runs):
        content = bytearray(runs[damaged].read_bytes())
        content[5000] ^= 1
        runs[damaged].write_bytes(content)
    if lost is not None and lost < len(runs):
        runs[lost].unlink()


def now_of(meter: Metering) -> datetime:
    return instant_of(meter.clock.now_ms())
