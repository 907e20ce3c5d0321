"""Whoever decodes calls, and whatever is judged together: the same is told, and the same counts."""

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from calltally.errors import InvalidInputError
from calltally.ingest.json_form import JsonForm
from calltally.ingest.receipt import Receipt
from calltally.usage_query import Dimension
from calltally.wiring import MeterOptions
from tests.properties.test_native_laws import any_lines, bodies, plain_lines
from tests.support.metering import Metering, a_call
from tests.support.seeds import examples

T = TypeVar("T")
ORGANIZATIONS = ["äcme", "globex"]


@dataclass(frozen=True)
class Request:
    body: bytes
    form: JsonForm
    organization: str
    backfill: bool
    gateway: bool

    async def send(self, meter: Metering) -> Receipt | str:
        """The receipt, or why all of it was refused."""
        try:
            return await meter.send_body(
                self.body,
                self.form,
                organization=self.organization,
                backfill=self.backfill,
                gateway=self.gateway,
            )
        except InvalidInputError as error:
            return str(error)


requests = st.builds(
    Request,
    st.one_of(bodies(plain_lines), bodies(any_lines), plain_lines, any_lines),
    st.sampled_from([JsonForm.LINES, JsonForm.LINES, JsonForm.OBJECT_OR_ARRAY]),
    st.sampled_from(ORGANIZATIONS),
    st.booleans(),
    st.sampled_from([False, False, True]),
)


def metered(
    law: Callable[[Metering], Awaitable[T]],
    *,
    options: MeterOptions | None = None,
    by_reference: bool = False,
) -> T:
    """What is found with a new meter that runs meanwhile."""

    async def run() -> T:
        with tempfile.TemporaryDirectory() as folder:
            meter = Metering(Path(folder), options=options, by_reference=by_reference)
            await meter.up()
            try:
                return await law(meter)
            finally:
                await meter.down()

    return asyncio.run(run())


@settings(max_examples=examples(100))
@given(st.lists(requests, max_size=5))
def test_native_code_and_the_reference_tell_and_count_the_same(sent: list[Request]) -> None:
    async def told(meter: Metering) -> list[object]:
        found: list[object] = [await request.send(meter) for request in sent]
        for organization in ORGANIZATIONS:
            found.append(await meter.books(organization))
            found.append(await meter.table(Dimension.ROUTE, Dimension.CLIENT_ID, organization=organization))
        return found

    by_native_code, by_the_reference = (
        metered(told, options=MeterOptions(max_derived_routes=3), by_reference=by_reference)
        for by_reference in (False, True)
    )

    assert by_native_code == by_the_reference


small_requests = st.lists(st.lists(st.integers(0, 9), max_size=4), max_size=6)


@settings(max_examples=examples(50))
@given(small_requests, st.sets(st.integers(0, 9)), st.booleans())
def test_of_calls_that_are_sent_at_the_same_time_each_counts_once(
    sent: list[list[int]], bad: set[int], by_reference: bool
) -> None:
    def line(number: int) -> bytes:
        status = 99 if number in bad else 200 + number
        return msgspec.json.encode(a_call(str(number), status=status))

    async def told(meter: Metering) -> tuple[list[Receipt], int, dict[int, tuple[int, int, int, int, int]]]:
        receipts = await asyncio.gather(*(meter.send(*map(line, numbers)) for numbers in sent))
        return receipts, await meter.calls(), await meter.books()

    receipts, counted, books = metered(told, by_reference=by_reference)

    everything = [number for numbers in sent for number in numbers]
    good = set(everything) - bad
    assert counted == sum(receipt.accepted for receipt in receipts) == len(good)
    for numbers, receipt in zip(sent, receipts, strict=True):
        verdicts = {verdict.index: verdict for verdict in receipt.verdicts}
        accepted = [number for place, number in enumerate(numbers) if place not in verdicts]
        assert len(accepted) == receipt.accepted
        rejected = [place for place, verdict in verdicts.items() if verdict.verdict == "rejected"]
        assert rejected == [place for place, number in enumerate(numbers) if number in bad]
        firsts = [numbers.index(number) for number in accepted]
        assert all(place not in verdicts for place in firsts)
    if everything:
        (book,) = books.values()
        wrong = sum(number in bad for number in everything)
        assert book == (len(everything), len(good), len(everything) - len(good) - wrong, 0, wrong)
