"""What one organization asks does not keep another from its answers."""

import asyncio
import threading
from pathlib import Path

import duckdb
import pytest

from calltally.errors import BusyError, TooManyGroupsError
from calltally.store.duckdb.duckdb_store import DuckDBUsageStore
from calltally.store.memory.memory_store import MemoryUsageStore
from calltally.unstored_calls import NONE_UNSTORED, UnstoredCalls
from calltally.usage_query import Dimension, UsageQuery, UsageResult
from calltally.wiring import MeterOptions
from tests.support.metering import ALL_TIME, Metering, a_call


class HeavyFor(MemoryUsageStore):
    """Answers one organization only once it may."""

    def __init__(self, organization: str) -> None:
        super().__init__()
        self._organization = organization
        self.may_answer = threading.Event()

    def usage(self, query: UsageQuery, unstored: UnstoredCalls = NONE_UNSTORED) -> UsageResult:
        if query.organization == self._organization:
            assert self.may_answer.wait(60)
        return super().usage(query, unstored)


async def test_heavy_questions_of_one_organization_leave_threads_to_another(tmp_path: Path) -> None:
    store = HeavyFor("acme")
    meter = Metering(tmp_path, store, MeterOptions(waiting_questions=20))
    await meter.up()
    await meter.send(a_call(), organization="globex")
    asking = [
        asyncio.create_task(meter.meter.engine.usage(UsageQuery(organization="acme", window=ALL_TIME)))
        for _ in range(30)
    ]
    async with asyncio.timeout(60):
        while meter.meter.questions.turns.waiting < 20:  # noqa: ASYNC110 - tasks that have only been made
            await asyncio.sleep(0)
        answer = await meter.meter.engine.usage(UsageQuery(organization="globex", window=ALL_TIME))

    assert answer.value.rows == ((1,),)
    store.may_answer.set()
    outcomes = await asyncio.gather(*asking, return_exceptions=True)
    assert [type(each) for each in outcomes].count(BusyError) == 8  # two ran, twenty waited
    await meter.down()


async def test_late_calls_are_looked_up_while_questions_take_every_thread(tmp_path: Path) -> None:
    store = HeavyFor("acme")
    meter = Metering(tmp_path, store, MeterOptions(question_threads=2))
    await meter.up()
    asking = [
        asyncio.create_task(meter.meter.engine.usage(UsageQuery(organization=organization, window=ALL_TIME)))
        for organization in ("acme",) * 5
    ]
    async with asyncio.timeout(60):
        receipt = await meter.send(a_call("late", time="2026-03-01T12:00:00Z"), backfill=True)

    assert receipt.accepted == 1
    store.may_answer.set()
    await asyncio.gather(*asking)
    await meter.down()


async def test_an_answer_of_too_many_groups_is_refused_before_it_is_in_memory(tmp_path: Path) -> None:
    meter = Metering(tmp_path, DuckDBUsageStore(tmp_path / "store", most_groups=10))
    await meter.up()
    await meter.send(*(a_call(str(number), user_id=f"u-{number}") for number in range(11)))
    by_user = UsageQuery(organization="acme", window=ALL_TIME, group_by=(Dimension.USER_ID,))

    with pytest.raises(TooManyGroupsError, match="more than 10 groups"):
        await meter.meter.engine.usage(by_user)
    ten = {Dimension.USER_ID: frozenset(f"u-{number}" for number in range(10))}
    few = UsageQuery(organization="acme", window=ALL_TIME, group_by=(Dimension.USER_ID,), where=ten)
    assert len((await meter.meter.engine.usage(few)).value.rows) == 10
    await meter.down()


def test_a_question_that_is_interrupted_ends_and_the_next_one_of_its_thread_is_answered(
    tmp_path: Path,
) -> None:
    store = DuckDBUsageStore(tmp_path / "store")
    database, ended = store._database, []
    running = threading.Event()

    def ask() -> None:
        connection = database.reader()
        running.set()
        with pytest.raises(duckdb.InterruptException):
            connection.execute("SELECT sum(a.range * b.range) FROM range(1000000) a, range(1000000) b")
        store.interrupt(threading.get_ident())  # in between, which must hit nothing
        ended.append(connection.execute("SELECT 42").fetchall())

    thread = threading.Thread(target=ask)
    thread.start()
    assert running.wait(60)
    while thread.is_alive() and not ended:
        store.interrupt(thread.ident or 0)
        thread.join(0.2)
    thread.join()

    assert ended == [[(42,)]]
    store.close()
