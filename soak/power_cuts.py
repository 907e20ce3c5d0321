"""Cuts the power of a server that has run, at any moment of it, and looks at what the disk would keep."""

import asyncio
import random
import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from calltally.data_directory import DataDirectory
from calltally.query.query_engine import QueryEngine
from calltally.settings import Settings
from calltally.usage_query import START, Dimension, UsageQuery
from calltally.window import Granularity, Window
from calltally.wiring import Installation
from soak.book import Counts, Key, class_of, differences
from soak.disk_record import PAGE, Doing, Done, Remains, contents, lay_out, read_record
from soak.sender import Sender, counted_at
from soak.town import ORGANIZATIONS, Town, WrongCountError, check_bounds, new_directory
from soak.watched_disk import Place
from soak.watched_server import WatchedServer

STRICT = ("journal",)
"""Folders whose entries the product syncs itself, and so must not count on the file system for."""

STORE = "calls.duckdb"
STORE_LOG = "calls.duckdb.wal"
"""What the store wrote since its last checkpoint. The journal holds all of it, and so it can be lost."""

ENDS = (
    Place("after", "write", ".frames"),
    Place("within", "write", ".frames"),
    Place("before", "sync", "/journal"),
    Place("after", "unlink", ".frames"),
    Place("before", "sync", "calls.duckdb"),
    Place("after", "create", "calls.duckdb.wal"),
    Place("after", "store.apply"),
)
"""Where processes end whose successors then go on with what was never made safe."""

_ALL_TIME = Window(datetime(1970, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))
_SERVING_SECONDS = 20.0


@dataclass(slots=True)
class Lives:
    """What several processes, one after the other, did to a directory, and what its senders were told."""

    first: Remains
    done: list[Done]
    senders: list[Sender]
    last: dict[str, bytes]

    @classmethod
    def recorded(cls, folder: Path, ends: Sequence[tuple[Place, int]], *, seed: int) -> "Lives":
        """Runs servers with senders on one new directory, each until it is killed at the n-th passing of a
        place."""
        server = WatchedServer(folder / "data")
        lengths: list[int] = []

        def moment() -> int:
            return sum(lengths) + (folder / f"record-{len(lengths)}").stat().st_size

        with server:
            town = Town(server, seed=seed, moment=moment)
            server.stop()
        first = Remains.of(server.directory, STRICT)
        for place, nth in ends:
            record = folder / f"record-{len(lengths)}"
            cls._live(server, town, place, nth, record)
            lengths.append(record.stat().st_size)
        done: list[Done] = []
        for number, length in enumerate(lengths):
            done += read_record(folder / f"record-{number}", sum(lengths[:number]))
            assert done[-1].end == sum(lengths[:number]) + length
        return cls(first, done, town.senders, contents(server.directory))

    @staticmethod
    def _live(server: WatchedServer, town: Town, place: Place, nth: int, record: Path) -> None:
        """Runs a server until it dies at a place, and writes down what it does."""
        server.prepare_to_die(place, nth)
        server.disk = replace(server.disk, record=record)
        with server:
            with town.at_work():
                server.pull_the_trigger()
                if not server.has_died(_SERVING_SECONDS):
                    raise RuntimeError(f"the server did not come to {place} for the {nth}th time")
            if not server.was_killed():
                raise RuntimeError("the server ended by itself; its log says why")

    def acknowledged(self, moment: int) -> Counts:
        return _sum([counted_at(sender.answers, moment) for sender in self.senders])

    def begun(self, moment: int) -> Counts:
        return _sum([counted_at(sender.begun, moment) for sender in self.senders])


class PowerCuts:
    """Cuts at chosen moments; ``survived`` counts them by what the cut left beside what is safe."""

    def __init__(self, folder: Path, *, seed: int) -> None:
        self.survived: Counter[str] = Counter()
        self.lives_seen = 0
        self._folder = folder
        self._luck = random.Random(seed)

    def through(self, lives: Lives, cuts: int) -> None:
        """Cuts so often, each time at another moment, and raises `WrongCountError` when calls are lost."""
        moments = self._moments(lives.done, cuts)
        remains = lives.first
        for number, done in enumerate(lives.done):
            remains.take(done)
            if number in moments:
                self._look("nothing more", remains.what_is_safe(), lives, done)
                if _takes_pages(done):
                    self._look(
                        "all of the rest but for a torn write",
                        remains.cut_within(done, self._luck),
                        lives,
                        done,
                    )
                left = remains.what_luck_leaves(self._luck)
                self._look("some of the rest", left, lives, done)
                left.pop(STORE_LOG, None)
                self._look("some of the rest without the store's log", left, lives, done)
        self._check_the_record(remains, lives)
        self.lives_seen += 1

    def _moments(self, done: Sequence[Done], cuts: int) -> set[int]:
        """Half of them are amid the store's own writing, which is rare and does the most."""
        storing = [number for number, one in enumerate(done) if one.path == STORE and _takes_pages(one)]
        some = self._luck.sample(storing, min(cuts // 2, len(storing)))
        return {*some, *self._luck.sample(range(len(done)), min(cuts - len(some), len(done)))}

    def _look(self, kind: str, left: dict[str, bytes], lives: Lives, done: Done) -> None:
        folder = self._folder / "left"
        shutil.rmtree(folder, ignore_errors=True)
        lay_out(left, folder)
        acknowledged, begun = lives.acknowledged(done.end), lives.begun(done.end)
        try:
            for found in asyncio.run(counted_in(folder)):
                check_bounds(acknowledged, found, begun)
        except Exception as error:
            error.add_note(
                f"power cut behind {done.doing.name.lower()} of {done.path}, {kind} was left: {folder}"
            )
            raise
        self.survived[kind] += 1
        shutil.rmtree(folder)

    def _check_the_record(self, remains: Remains, lives: Lives) -> None:
        """What was recorded explains what is on the disk, or nothing told from it is worth anything."""
        told = remains.everything()
        paths = told.keys() | lives.last.keys()
        if unexplained := [
            path for path in paths if told.get(path) != lives.last.get(path) and not _is_mapped(path)
        ]:
            raise RuntimeError(f"the record of the disk does not explain {', '.join(unexplained)}")


def _is_mapped(path: str) -> bool:
    """Whether a file is written to through memory: SQLite's index of its log, made anew on each start."""
    return path.endswith("-shm")


async def counted_in(folder: Path) -> list[Counts]:
    """What a start on a directory finds counted: from the marginals, and from the calls."""
    with DataDirectory(folder) as held:
        installation = Installation(held, Settings(minimum_free_disk=0))
        try:
            meter = await installation.open_meter()
            found: list[Counts] = []
            for dimension in (Dimension.STATUS_CLASS, Dimension.STATUS):
                counts: Counts = Counter()
                for organization in ORGANIZATIONS:
                    counts += await _counts(meter.engine, organization, dimension)
                found.append(counts)
            audited = [one async for step in meter.maintenance.verify() for one in step.differences]
        finally:
            await installation.close()
    if audited:
        raise WrongCountError(f"a recount finds {len(audited)} differences: {audited[:5]}")
    if wrong := differences(found[0], found[1]):
        raise WrongCountError(f"the calls do not add up to the counts: {wrong}")
    return found


async def _counts(engine: QueryEngine, organization: str, dimension: Dimension) -> Counts:
    question = UsageQuery(
        organization=organization,
        window=_ALL_TIME,
        granularity=Granularity.DAY,
        group_by=(Dimension.CLIENT_ID, dimension),
    )
    counts: Counts = Counter()
    for row in (await engine.usage(question)).value.records():
        start, status = row[START], row[dimension]
        assert isinstance(start, datetime)
        status_class = class_of(status) if isinstance(status, int) else str(status)
        key = Key(organization, start.date().isoformat(), str(row["client_id"]), status_class)
        counts[key] += int(str(row["calls"]))
    return counts


def _takes_pages(done: Done) -> bool:
    """Whether a power cut can leave a part of it."""
    return done.doing is Doing.WRITE and done.length > PAGE


def _sum(parts: Sequence[Counts]) -> Counts:
    total: Counts = Counter()
    for part in parts:
        total.update(part)
    return total


def run(
    cuts: PowerCuts,
    folder: Path,
    until: Callable[[], bool],
    *,
    cuts_per_life: int,
    tell: Callable[[str], None],
) -> None:
    """Records lives and cuts their power until it is told that it was enough."""
    luck = random.Random(folder.name)
    while not until():
        lived = new_directory(folder, "lives")
        lived.mkdir(parents=True)
        ends = [(luck.choice(ENDS), luck.choice((3, 10, 30, 60))) for _ in range(luck.randint(1, 3))]
        cuts.through(Lives.recorded(lived, ends, seed=luck.randrange(2**32)), cuts_per_life)
        shutil.rmtree(lived)
        tell(f"{cuts.survived.total()} power cuts in {cuts.lives_seen} recorded runs")
