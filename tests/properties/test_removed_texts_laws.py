"""Texts come, are pruned and come again amid kills: counts stay exact, and only used texts are held."""

import asyncio
import tempfile
from collections import Counter
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from calltally.dictionary import Kind, TextNumbers
from calltally.errors import CalltallyError
from calltally.usage_query import Dimension, Metric, UsageQuery
from calltally.window import Window, midnight
from tests.properties.naive_meter import time_of
from tests.properties.test_meter_at_work import KillableMetering
from tests.support.metering import ALL_TIME, NOON
from tests.support.seeds import luck, seeds

Call = dict[str, Any]

FIELDS = {
    Dimension.CLIENT_ID: Kind.CLIENT,
    Dimension.USER_ID: Kind.USER,
    Dimension.SOURCE_ID: Kind.SOURCE,
    Dimension.ACCOUNT_ID: Kind.ACCOUNT,
    Dimension.METHOD: Kind.METHOD,
    Dimension.ROUTE: Kind.ROUTE,
}


class LifeOfTexts:
    """A meter and plain lists of what it accepted. Days of which nothing is kept any more are forgotten."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.luck = luck(seed)
        self.sent: list[Call] = []
        self.first_day = date(1970, 1, 1)
        self.told: list[str] = []
        first = folder / "life-0"
        first.mkdir()
        self.meter = KillableMetering(first)
        self.meter.by_reference = self.luck.random() < 0.4

    async def live(self, steps: int) -> None:
        await self.meter.up()
        works = [self.send] * 5 + [self.send_again, self.prune, self.prune, self.prune_while_senders_send]
        works += [self.die_while_pruning, self.restart, self.be_killed, self.compact]
        for _ in range(steps):
            work = self.luck.choice(works)
            self.told.append(work.__name__)
            await work()
            await self.compare()
        assert await self.meter.differences() == []
        await self.meter.down()

    async def send(self) -> None:
        calls = [self.new_call() for _ in range(self.luck.randint(1, 6))]
        receipt = await self.meter.send(*calls, backfill=True)
        assert receipt.accepted == len(calls)
        self.sent += calls

    async def send_again(self) -> None:
        known = self.luck.sample(self.sent, min(4, len(self.sent)))
        if known:
            receipt = await self.meter.send(*known, backfill=True)
            assert receipt.duplicate == len(known)

    async def prune(self) -> None:
        day = self.day_to_prune()
        await self.meter.meter.maintenance.prune(day, day)
        self.let_go(day)
        dictionary = self.meter.store.dictionary
        held = {field: dictionary.count(kind) for field, kind in FIELDS.items()}
        assert held == {field: len(self.texts(field)) for field in FIELDS}
        assert dictionary.count(Kind.ORIGIN) == len({call["origin"] for call in self.sent} - {""})

    async def prune_while_senders_send(self) -> None:
        """With kept texts and with old ones, which pruning is about to remove."""
        day = self.day_to_prune()
        pruning = asyncio.create_task(self.meter.meter.maintenance.prune(day, day))
        while not pruning.done():
            calls = [{**self.new_call(), "time": NOON.isoformat()} for _ in range(3)]
            assert (await self.meter.send(*calls, backfill=True)).accepted == 3
            self.sent += calls
            await asyncio.sleep(0)
        await pruning
        self.let_go(day)

    async def die_while_pruning(self) -> None:
        """Before what was forgotten is deleted, or right after that."""
        day, store = self.day_to_prune(), self.meter.store
        remove, deletes = store.remove_texts, self.luck.random() < 0.5

        def dying(texts: TextNumbers) -> None:
            if deletes:
                remove(texts)
            raise CalltallyError("it dies here")

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(store, "remove_texts", dying)
            with suppress(CalltallyError):
                await self.meter.meter.maintenance.prune(day, day)
        self.let_go(day)
        if self.luck.random() < 0.5:
            await self.send()
        await self.be_killed()

    async def restart(self) -> None:
        await self.meter.restart()

    async def be_killed(self) -> None:
        await self.meter.be_killed()

    async def compact(self) -> None:
        for _ in range(self.luck.randint(1, 5)):
            await asyncio.to_thread(self.meter.store.compact)

    async def compare(self) -> None:
        for field in self.luck.sample(list(FIELDS), 2):
            query = UsageQuery(
                organization="acme",
                window=Window(midnight(self.first_day), ALL_TIME.end),
                group_by=(field,),
                metrics=(Metric.CALLS,),
            )
            rows = (await self.meter.meter.engine.usage(query)).value.rows
            wanted = Counter(call.get(str(field), "") for call in self.sent)
            assert {str(text): count for text, count in rows} == wanted, self.told

    def new_call(self) -> Call:
        days = self.luck.choice([0, 0, 1, 3, 5, 20])
        time = max(NOON - timedelta(days=days), midnight(self.first_day))
        some = {str(field): self.text() for field in FIELDS if self.luck.random() < 0.4}
        number = self.luck.randrange(2**60)
        return {"id": f"c-{number}", "origin": self.text(), "time": time.isoformat(), **some}

    def text(self) -> str:
        return f"t-{self.luck.randrange(12)}"

    def day_to_prune(self) -> date:
        return max(self.first_day, NOON.date() - timedelta(days=self.luck.choice([0, 1, 2, 4, 10])))

    def let_go(self, day: date) -> None:
        self.first_day = day
        self.sent = [call for call in self.sent if time_of(call).date() >= day]

    def texts(self, field: Dimension) -> set[str]:
        return {call[str(field)] for call in self.sent if call.get(str(field))}


@pytest.mark.parametrize("seed", seeds(6))
def test_whatever_happens_calls_are_counted_and_only_texts_in_use_are_held(seed: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(LifeOfTexts(Path(folder), seed).live(25))
