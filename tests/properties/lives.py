"""Lives of one directory, one after the other, in which anything may happen, beside a plain dictionary."""

import asyncio
import contextlib
import random
import shutil
from collections import Counter
from collections.abc import Awaitable, Callable
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from calltally.ingest.identities.run_file import DamagedRunError
from calltally.ingest.identities.seen_ids import SeenIds
from calltally.maintenance.restoring import restore
from calltally.store.duckdb.compaction import CompactionLimits
from calltally.store.duckdb.duckdb_store import DuckDBUsageStore
from calltally.wiring import MeterOptions
from tests.properties.naive_meter import time_of
from tests.support.metering import NOON, LastingMetering, copy_of_an_instant
from tests.support.spilling import spill

Call = dict[str, Any]

HORIZON = timedelta(days=35)
MEMORIES = (1, 700, 3_000, 20_000, 10**6)
TABLES = ((8, 8), (8, 8), (8, 64), (64, 64), (256, 256))
"""The smallest and the largest table, in slots; the smallest is full with six identities."""

_EAGER = CompactionLimits(fresh_rows=1, merged_rows=4, runs_of_month=2, fresh_calls=4, packed_at_once=3)
_JUMPS = (timedelta(minutes=7), timedelta(hours=5), timedelta(days=3), timedelta(days=17), timedelta(days=36))
_FIRST_DAY = date(1970, 1, 1)


class WrongLifeError(AssertionError):
    """What was said is not what the dictionary says."""


@dataclass
class Known:
    """What must be known of a directory: every call that was accepted with when it came, and the books."""

    calls: dict[str, tuple[datetime, Call]] = field(default_factory=dict)
    pruned: set[str] = field(default_factory=set)
    open_from: date = _FIRST_DAY

    @property
    def total(self) -> int:
        return len(self.calls) + len(self.pruned)

    def verdict(self, call: Call, now: datetime, *, backfill: bool) -> str | None:
        """The only right verdict, None where two would be right; an accepted call is known from then on."""
        time = time_of(call)
        if time > now + timedelta(minutes=5) or (not backfill and time < now - HORIZON):
            return "rejected"
        if time.date() < self.open_from:
            return "rejected"
        if call["id"] in self.pruned:
            return None
        if call["id"] not in self.calls:
            self.calls[call["id"]] = (now, call)
            return "accepted"
        received, first = self.calls[call["id"]]
        if received < now - HORIZON and time_of(first).date() != time.date():
            return None
        return "duplicate" if first == call else "conflict"

    def prune(self, before: date) -> None:
        self.open_from = max(before, self.open_from)
        gone = {id_ for id_, (_, call) in self.calls.items() if time_of(call).date() < self.open_from}
        self.pruned |= gone
        for id_ in gone:
            del self.calls[id_]


@dataclass
class _Spare:
    """A directory that nobody uses, and what must be known of it."""

    folder: Path
    known: Known
    is_backup: bool


class _Living(LastingMetering):
    """A meter that can be opened in another folder, with other options each time."""

    folder: Path
    options: MeterOptions

    async def up(self) -> None:
        self._folder, self._options = self.folder, self.options
        self.store = DuckDBUsageStore(self.folder / "calls.duckdb", threads=1, limits=_EAGER)
        await super(LastingMetering, self).up()


class Lives:
    """Does one thing after the other by chance; every answer is compared with the dictionary's.

    ``counted`` says how often each was done, how many lives began (``starts``), how many ``calls judged`` and
    how many ``calls of earlier lives`` among them. ``told`` names everything that was done, for whoever looks
    into a failure: a seed alone does not lead to it again, as threads have a part in it.
    """

    def __init__(self, folder: Path, luck: random.Random) -> None:
        self.counted: Counter[str] = Counter()
        self.told: list[str] = []
        self._folder = folder
        self._luck = luck
        self._known = Known()
        self._spares: list[_Spare] = []
        self._attic = folder / "attic"
        self._attic.mkdir()
        self._folders = 0
        self._calls = 0
        self._life_of: dict[str, int] = {}
        self._meter = _Living(folder)
        self._meter.folder = self._new_folder()
        self._doings: list[tuple[float, Callable[[], Awaitable[str]]]] = [
            (14, self._send),
            (10, self._send_again),
            (6, self._spill),
            (8, self._stop),
            (8, self._be_killed),
            (4, self._move_clock),
            (2, self._compact),
            (1, self._replace),
            (0.5, self._prune),
            (2, self._keep_a_spare),
            (1, self._go_back),
            (0.5, self._verify),
        ]

    async def live(self, steps: int, is_enough: Callable[[], bool] = lambda: False) -> None:
        """Raises `WrongLifeError` at the first answer that is wrong. Takes fewer steps once it is enough."""
        weights = [weight for weight, _ in self._doings]
        try:
            await self._up()
            for _ in range(steps):
                if is_enough():
                    break
                ((_, do),) = self._luck.choices(self._doings, weights)
                await self._done(do)
            await self._done(self._stop)
            await self._done(self._send_everything_again)
            await self._done(self._verify)
        except Exception as error:
            error.add_note("what was done:\n" + "\n".join(self.told))
            raise
        finally:
            with contextlib.suppress(Exception):
                await self._meter.down()

    async def _done(self, do: Callable[[], Awaitable[str]]) -> None:
        name = do.__name__.strip("_").replace("_", " ")
        self.told.append(name)
        self.told[-1] += f": {await do()}"
        self.counted[name] += 1

    async def _send(self) -> str:
        """New calls, some of them twice, among some that are known."""
        backfill = self._luck.random() < 0.3
        calls = [self._new_call(backfill) for _ in range(self._luck.choice((1, 3, 7, 20, 70)))]
        calls += self._luck.sample(calls, min(len(calls), self._luck.choice((0, 0, 1, 3))))
        calls += [self._varied(call) for call in self._some(self._luck.choice((0, 0, 5)))]
        self._luck.shuffle(calls)
        return await self._judged(calls, backfill)

    async def _send_again(self) -> str:
        """Calls of any life before, as they were or with other contents."""
        known = self._some(self._luck.choice((1, 5, 20, 100)))
        calls = [call if self._luck.random() < 0.8 else self._varied(call) for call in known]
        return await self._judged(calls, backfill=self._luck.random() < 0.7)

    async def _send_everything_again(self) -> str:
        calls = [call for _, call in self._known.calls.values()]
        self._luck.shuffle(calls)
        return await self._judged(calls, backfill=True)

    async def _judged(self, calls: list[Call], backfill: bool) -> str:
        now = self._now
        known = deepcopy(self._known)
        calls = [call for call in calls if known.verdict(call, now, backfill=backfill) is not None]
        wanted = [self._known.verdict(call, now, backfill=backfill) for call in calls]
        if not calls:
            return "nothing"
        try:
            receipt = await self._meter.send(*calls, backfill=backfill)
        except DamagedRunError:
            await self._end_and_start()
            receipt = await self._meter.send(*calls, backfill=backfill)
        said = {one.index: one.verdict.value for one in receipt.verdicts}
        for index, (call, verdict) in enumerate(zip(calls, wanted, strict=True)):
            if said.get(index, "accepted") != verdict:
                raise WrongLifeError(f"{said.get(index, 'accepted')} instead of {verdict}: {call}")
        self._count(calls, wanted)
        return ", ".join(f"{count} {verdict}" for verdict, count in Counter(wanted).items())

    def _count(self, calls: list[Call], verdicts: list[str | None]) -> None:
        life = self.counted["starts"]
        self.counted["calls judged"] += len(calls)
        for call, verdict in zip(calls, verdicts, strict=True):
            if verdict == "accepted":
                self._life_of[call["id"]] = life
            elif verdict != "rejected":
                self.counted["calls of earlier lives"] += self._life_of[call["id"]] < life

    async def _spill(self) -> str:
        await self._spilled()
        return f"{len(self._runs())} runs"

    async def _spilled(self) -> None:
        try:
            await spill(self._meter, looks=1_000)
        except DamagedRunError:
            await self._end_and_start()

    async def _stop(self) -> str:
        """An orderly end, and what people do to a directory meanwhile."""
        if self._luck.random() < 0.5:
            await self._spilled()
        await self._meter.down()
        told = self._meddled()
        await self._up()
        return told

    async def _be_killed(self) -> str:
        """What lies on the disk in one instant is gone on with; whatever happens later is lost."""
        if self._luck.random() < 0.3:
            await asyncio.sleep(self._luck.choice((0, 0.01, 0.05)))
        left = self._new_folder(make=False)
        copy_of_an_instant(self._meter.store, self._meter.folder, left)
        await self._meter.down()
        self._move_to(left)
        told = self._meddled() if self._luck.random() < 0.2 else ""
        await self._up()
        return told

    async def _move_clock(self) -> str:
        by = self._luck.choice(_JUMPS) * self._luck.choice((1, 1, -1))
        self._meter.clock.move_to(self._now + by)
        return str(by)

    async def _compact(self) -> str:
        for _ in range(self._luck.randint(1, 5)):
            await asyncio.to_thread(self._meter.store.compact)
        return ""

    async def _replace(self) -> str:
        """A correction adds calls where none were."""
        self._calls += 1
        at = NOON - timedelta(days=75) + timedelta(minutes=self._calls)
        if at.date() < self._known.open_from:
            return "nothing, the day is sealed"
        if at > self._now:
            return "nothing, the clock has not come so far"
        calls = [{"id": f"added-{self._calls}-{n}", "time": at.isoformat()} for n in range(3)]
        span = at.isoformat(), (at + timedelta(seconds=1)).isoformat()
        try:
            await self._meter.replace(*span, *calls)
        except DamagedRunError:
            await self._end_and_start()
            await self._meter.replace(*span, *calls)
        self._known.calls |= {call["id"]: (self._now, call) for call in calls}
        self._life_of |= {call["id"]: self.counted["starts"] for call in calls}
        return f"{len(calls)} calls"

    async def _prune(self) -> str:
        before = (self._now - timedelta(days=self._luck.choice((200, 90, 40, 20)))).date()
        await self._meter.meter.maintenance.prune(before, None)
        self._known.prune(before)
        return f"before {before}"

    async def _keep_a_spare(self) -> str:
        """A backup, or a plain copy of a directory that is not in use."""
        folder = self._new_folder(make=False)
        is_backup = self._luck.random() < 0.5
        if is_backup:
            await self._meter.meter.maintenance.backup(folder)
        else:
            await self._meter.down()
            shutil.copytree(self._meter.folder, folder)
            await self._up()
        self._spares.append(_Spare(folder, deepcopy(self._known), is_backup))
        return f"{'backup' if is_backup else 'copy'} {folder.name}"

    async def _go_back(self) -> str:
        """An earlier directory is gone on with, beside the runs of the present one or not."""
        if not self._spares:
            return "nowhere"
        spare = self._luck.choice(self._spares)
        await self._meter.down()
        present, folder = self._meter.folder, self._new_folder(make=False)
        if spare.is_backup:
            restore(spare.folder, folder)
        else:
            shutil.copytree(spare.folder, folder)
        told = f"to {spare.folder.name}"
        if self._luck.random() < 0.5:
            shutil.copytree(present / "seen", folder / "seen", dirs_exist_ok=True)
            told += " with the runs of now"
        self._known = deepcopy(spare.known)
        self._move_to(folder)
        await self._up()
        return told

    async def _verify(self) -> str:
        if found := await self._meter.differences():
            raise WrongLifeError(f"a recount finds {found[:3]}")
        if (counted := await self._meter.calls()) != self._known.total:
            raise WrongLifeError(f"{counted} calls are counted instead of {self._known.total}")
        return f"{counted} calls"

    def _meddled(self) -> str:
        """Loses or damages a run, or brings runs back from the attic; mostly nothing of that."""
        runs, told = self._runs(), "nothing"
        what = self._luck.random()
        if what < 0.1 and runs:
            run = self._luck.choice(runs)
            run.unlink()
            told = f"lost {run.name}"
        elif what < 0.2 and runs:
            run = self._luck.choice(runs)
            content = bytearray(run.read_bytes())
            content[self._luck.randrange(len(content))] ^= 1
            run.write_bytes(content)
            told = f"damaged {run.name}"
        elif what < 0.35:
            back = [path for path in sorted(self._attic.iterdir()) if self._luck.random() < 0.5]
            for path in back:
                shutil.copy2(path, self._meter.folder / "seen" / path.name)
            told = f"{len(back)} old runs are there again"
        elif what < 0.5:
            for path in runs:
                shutil.copy2(path, self._attic / path.name)
            told = f"{len(runs)} runs are kept"
        return told

    async def _end_and_start(self) -> None:
        """What a process does whose runs turn out to be damaged; the next start reads the store."""
        await self._meter.down()
        await self._up()

    async def _up(self) -> None:
        self._meter.options = MeterOptions(seen_ids_memory=self._luck.choice(MEMORIES))
        self._meter.by_reference = self._luck.random() < 0.4
        smallest, largest = self._luck.choice(TABLES)
        with pytest.MonkeyPatch.context() as patch:
            sizes = {"smallest": smallest, "largest": largest}
            patch.setattr(SeenIds.__init__, "__kwdefaults__", sizes)
            await self._meter.up()
        self.counted["starts"] += 1
        self.told.append(f"start {self.counted['starts']} {self._meter.options.seen_ids_memory} {largest}")

    def _new_call(self, backfill: bool) -> Call:
        self._calls += 1
        days = self._luck.choice((0, 0, 0, 1, 2, 20, 34)) + (
            self._luck.choice((0, 40, 70)) if backfill else 0
        )
        time = self._now - timedelta(days=days, minutes=self._luck.randint(0, 50))
        status = self._luck.choice((200, 404))
        return {"id": f"c-{self._calls}", "time": time.isoformat(), "status": status}

    def _varied(self, call: Call) -> Call:
        """The same call with another content, of the same day or of another."""
        if self._luck.random() < 0.7:
            return {**call, "status": 500 if call.get("status") != 500 else 200}
        return {**call, "time": (self._now - timedelta(days=self._luck.randint(0, 3))).isoformat()}

    def _some(self, count: int) -> list[Call]:
        """Known calls of any age."""
        calls = [call for _, call in self._known.calls.values()]
        return self._luck.sample(calls, min(count, len(calls)))

    def _runs(self) -> list[Path]:
        return sorted(self._meter.folder.glob("seen/*.ids"))

    def _new_folder(self, *, make: bool = True) -> Path:
        self._folders += 1
        folder = self._folder / f"{self._folders:04d}"
        if make:
            folder.mkdir()
        return folder

    def _move_to(self, folder: Path) -> None:
        shutil.rmtree(self._meter.folder)
        self._meter.folder = folder

    @property
    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._meter.clock.now_ms() / 1000, UTC)
