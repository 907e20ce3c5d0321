"""A meter in the test's own process, spoken to in a sender's and an asker's words."""

import contextlib
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from calltally.call import Call, CallName
from calltally.call_batch import Correction
from calltally.clock import FixedClock
from calltally.ingest.calls_body import CallsBody
from calltally.ingest.json_form import JsonForm
from calltally.ingest.receipt import Receipt
from calltally.ingest.sender import Sender
from calltally.meter import Meter
from calltally.store.audit import Difference
from calltally.store.duckdb.duckdb_store import DuckDBUsageStore
from calltally.store.memory.memory_store import MemoryUsageStore
from calltally.store.usage_store import UsageStore
from calltally.usage_query import Dimension, Metric, UsageQuery
from calltally.window import Granularity, Window
from calltally.wiring import MeterOptions, assemble_meter

ALL_TIME = Window(datetime(1970, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))
NOON = datetime(2026, 3, 15, 12, tzinfo=UTC)


class Metering:
    """A running meter. Between `down` and `up` it is as after a crash: nothing but the disk remains."""

    def __init__(
        self,
        folder: Path,
        store: UsageStore | None = None,
        options: MeterOptions | None = None,
        *,
        by_reference: bool = False,
    ) -> None:
        """With ``by_reference`` native code declines every call, so that the reference decodes them all."""
        self.clock = FixedClock(NOON)
        self.store = store or MemoryUsageStore()
        self._folder = folder
        self._options = options or MeterOptions()
        self.by_reference = by_reference
        self.meter: Meter

    async def up(self) -> None:
        self.meter = assemble_meter(self.store, self._folder / "journal", self.clock, self._options)
        if self.by_reference:
            setattr(self.meter.decoder, "native", lambda *_: None)  # noqa: B010 - mypy
        await self.meter.start()

    async def down(self) -> None:
        await self.meter.stop()

    async def restart(self) -> None:
        await self.down()
        await self.up()

    async def send(
        self,
        *calls: Call | dict[str, Any] | bytes,
        organization: str = "acme",
        backfill: bool = False,
        list_duplicates: bool = True,
    ) -> Receipt:
        """Sends calls in one request, as NDJSON."""
        lines = [call if isinstance(call, bytes) else msgspec.json.encode(call) for call in calls]
        return await self.send_body(
            b"\n".join(lines),
            organization=organization,
            backfill=backfill,
            list_duplicates=list_duplicates,
        )

    async def send_body(
        self,
        body: bytes,
        form: JsonForm = JsonForm.LINES,
        *,
        organization: str = "acme",
        backfill: bool = False,
        gateway: bool = False,
        list_duplicates: bool = True,
    ) -> Receipt:
        calls = CallsBody(body, form, max_calls=100_000, max_call_bytes=65_536)
        sender = Sender(organization, any_organization=gateway, backfill=backfill)
        return await self.meter.intake.take_body(sender, calls, list_duplicates=list_duplicates)

    async def cancel(self, *ids: str | CallName, organization: str = "acme", why: str = "test") -> Correction:
        """Cancels calls; a plain text is an id without an origin."""
        names = [name if isinstance(name, CallName) else CallName("", name) for name in ids]
        return await self.meter.maintenance.cancel(organization, names, "ann", why)

    async def amend(self, *calls: dict[str, Any], organization: str = "acme") -> Correction:
        return await self.meter.maintenance.amend(
            organization, [Call(**call) for call in calls], "ann", "test"
        )

    async def replace(
        self,
        start: str,
        end: str,
        *calls: dict[str, Any],
        organization: str = "acme",
        **where: str,
    ) -> Correction:
        """Replaces what is counted from one instant until before another, with one value for each field."""
        window = Window(datetime.fromisoformat(start), datetime.fromisoformat(end))
        conditions = {Dimension(name): frozenset({value}) for name, value in where.items()}
        new = [Call(**call) for call in calls]
        return await self.meter.maintenance.replace(organization, window, conditions, new, "ann", "test")

    async def differences(self) -> list[Difference]:
        """What a recount of everything finds to be wrong."""
        return [found async for step in self.meter.maintenance.verify() for found in step.differences]

    async def calls(self, organization: str = "acme", **where: str) -> int:
        """How many calls of an organization are counted, with one value for each named field."""
        conditions = {Dimension(name): frozenset({value}) for name, value in where.items()}
        query = UsageQuery(organization=organization, window=ALL_TIME, where=conditions)
        answer = await self.meter.engine.usage(query)
        (count,) = answer.value.rows[0]
        assert isinstance(count, int)
        return count

    async def settled(self) -> None:
        """Returns once the store holds everything that was acknowledged; answers do not wait for that."""
        await self.meter.applier.caught_up()

    async def table(
        self, *group_by: Dimension, granularity: Granularity = Granularity.TOTAL, organization: str = "acme"
    ) -> list[tuple[Any, ...]]:
        query = UsageQuery(
            organization=organization,
            window=ALL_TIME,
            granularity=granularity,
            group_by=tuple(group_by),
            metrics=tuple(Metric),
        )
        return [tuple(row) for row in (await self.meter.engine.usage(query)).value.rows]

    async def books(self, organization: str = "acme") -> dict[int, tuple[int, int, int, int, int]]:
        return (await self.meter.engine.outcomes(organization)).value


class LastingMetering(Metering):
    """The same with the embedded store, which `up` opens anew."""

    async def up(self) -> None:
        self.store = DuckDBUsageStore(self._folder / "calls.duckdb", threads=1)
        await super().up()


def copy_of_an_instant(store: UsageStore, folder: Path, target: Path) -> None:
    """Copies a directory whose embedded store is in use as it lies on the disk in one instant: what a process
    leaves that is killed then, with every write that it made.

    The files are copied one after the other, so nothing may change meanwhile. The store's file and its log do
    not, since whoever writes to them waits. Ingest does not, where the event loop's thread is what copies:
    then no call comes in, and the journal and its mark stay as they are. What other threads may still do is
    to remove files of the journal that a checkpoint covers, and to write, join and remove runs. A copy during
    which they did is made again.
    """
    assert isinstance(store, DuckDBUsageStore)
    with store._compaction_lock, store._writing:
        while True:
            before = _states(folder)
            try:
                shutil.copytree(folder, target)
            except shutil.Error:
                if before == _states(folder):
                    raise  # nothing was removed meanwhile, so it is something else
            else:
                if before == _states(folder):
                    return
            shutil.rmtree(target)


def _states(folder: Path) -> dict[Path, tuple[int, int, int]]:
    """Each file and folder below a folder, with what changes whenever it is written to."""
    found: dict[Path, tuple[int, int, int]] = {}
    for path in folder.rglob("*"):
        with contextlib.suppress(FileNotFoundError):
            state = path.stat()
            found[path] = state.st_ino, state.st_size, state.st_mtime_ns
    return found


def a_call(id: str = "c-1", **fields: Any) -> dict[str, Any]:  # noqa: A002 - an id is called an id
    """A live call at 11:59 on the day the clock stands at."""
    return {"id": id, "time": "2026-03-15T11:59:00Z", **fields}
