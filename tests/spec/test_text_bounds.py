"""How many different texts the calls of an organization may bring, and what becomes of calls beyond."""

from pathlib import Path

import pytest

from calltally.dictionary import BYTES_PER_TEXT, Kind
from calltally.errors import InvalidInputError
from calltally.ingest.receipt import Receipt
from calltally.ingest.text_bounds import TextLimits
from calltally.usage_query import Dimension
from calltally.wiring import MeterOptions
from tests.support.metering import Metering, a_call


@pytest.fixture(params=[False, True], ids=["native", "reference"])
def by_reference(request: pytest.FixtureRequest) -> bool:
    """Every promise here is kept whichever decoder reads the calls."""
    chosen: bool = request.param
    return chosen


async def metering(folder: Path, limits: TextLimits, *, by_reference: bool = False) -> Metering:
    meter = Metering(folder, options=MeterOptions(text_limits=limits), by_reference=by_reference)
    await meter.up()
    return meter


def verdicts(receipt: Receipt) -> list[tuple[int, str, str]]:
    return [(one.index, one.verdict, one.field) for one in receipt.verdicts]


async def test_beyond_its_bound_an_organization_brings_no_new_texts_and_counts_the_known_ones(
    tmp_path: Path, by_reference: bool
) -> None:
    meter = await metering(tmp_path, TextLimits(of_kind=2), by_reference=by_reference)
    await meter.send(a_call("1", client_id="a"), a_call("2", client_id="b"))

    receipt = await meter.send(
        a_call("3", client_id="c"), a_call("4", client_id="a", user_id="u"), a_call("5", client_id="d")
    )

    assert verdicts(receipt) == [(0, "rejected", "client_id"), (2, "rejected", "client_id")]
    assert receipt.verdicts[0].reason == (
        'is "c", which no counted call had before, and there are 2 of them already; '
        "accepted is one that calls had before"
    )
    assert await meter.calls() == 3
    assert await meter.calls(client_id="c") == 0
    assert list((await meter.books()).values()) == [(5, 3, 0, 0, 2)]
    assert meter.meter.refused_texts == {"client_id": 2}
    await meter.down()


async def test_what_counts_toward_a_bound_is_the_same_after_a_restart(
    tmp_path: Path, by_reference: bool
) -> None:
    meter = await metering(tmp_path, TextLimits(of_kind=2), by_reference=by_reference)
    await meter.send(a_call("1", client_id="a"))
    await meter.restart()
    await meter.send(a_call("2", client_id="b"))
    await meter.restart()

    receipt = await meter.send(a_call("3", client_id="c"), a_call("4", client_id="b"))

    assert verdicts(receipt) == [(0, "rejected", "client_id")]
    await meter.down()


async def test_a_call_that_is_rejected_for_a_text_takes_no_identity_and_brings_no_text(
    tmp_path: Path, by_reference: bool
) -> None:
    meter = await metering(tmp_path, TextLimits(of_kind=1), by_reference=by_reference)
    await meter.send(a_call("1", client_id="a"), a_call("2", client_id="b", user_id="u"))

    receipt = await meter.send(a_call("2", client_id="a", user_id="v"))

    assert receipt.accepted == 1
    assert await meter.calls(user_id="u") == 0
    assert await meter.calls(user_id="v") == 1
    await meter.down()


async def test_a_call_that_was_counted_is_a_duplicate_although_its_text_was_erased_and_there_is_no_room(
    tmp_path: Path, by_reference: bool
) -> None:
    meter = await metering(tmp_path, TextLimits(of_kind=1), by_reference=by_reference)
    await meter.send(a_call("1", user_id="u"))
    await meter.meter.maintenance.erase("acme", Kind.USER, "u", "ann", "asked to")

    receipt = await meter.send(a_call("1", user_id="u"), a_call("1", user_id="w"), a_call("2", user_id="u"))

    assert verdicts(receipt) == [(0, "duplicate", "id"), (1, "conflict", "id"), (2, "rejected", "user_id")]
    await meter.down()


async def test_all_texts_of_an_organization_take_no_more_memory_than_they_may(
    tmp_path: Path, by_reference: bool
) -> None:
    limits = TextLimits(memory=3 * BYTES_PER_TEXT + 2 * 3)
    meter = await metering(tmp_path, limits, by_reference=by_reference)

    receipt = await meter.send(
        a_call("1", client_id="a", user_id="u"),
        a_call("2", source_id="much"),
        a_call("3", source_id="s"),
        a_call("4", client_id="s"),
        a_call("5", client_id="a"),
    )

    assert verdicts(receipt) == [(1, "rejected", "source_id"), (3, "rejected", "client_id")]
    assert "already; accepted" in receipt.verdicts[0].reason
    assert "1086 bytes of texts" in receipt.verdicts[0].reason
    await meter.down()


async def test_a_path_for_whose_route_there_is_no_memory_counts_as_other(
    tmp_path: Path, by_reference: bool
) -> None:
    meter = await metering(tmp_path, TextLimits(memory=BYTES_PER_TEXT + 2 * 2), by_reference=by_reference)

    receipt = await meter.send(a_call("1", path="/a"), a_call("2", path="/b"), a_call("3", path="/a"))

    assert receipt.accepted == 3
    rows = await meter.table(Dimension.ROUTE)
    assert {row[0]: row[1] for row in rows} == {"/a": 2, "{other}": 1}
    await meter.down()


async def test_one_organization_at_its_bounds_takes_nothing_from_another(
    tmp_path: Path, by_reference: bool
) -> None:
    meter = await metering(tmp_path, TextLimits(of_kind=1), by_reference=by_reference)
    await meter.send(a_call("1", client_id="a"), a_call("2", client_id="b"))

    receipt = await meter.send(a_call("1", client_id="b"), organization="globex")

    assert receipt.accepted == 1
    await meter.down()


async def test_who_may_name_any_organization_brings_no_more_of_them_than_the_bound(tmp_path: Path) -> None:
    meter = await metering(tmp_path, TextLimits(organizations=2))
    body = b"\n".join(
        b'{"id":"%d","time":"2026-03-15T11:59:00Z","organization":"%s"}' % (number, organization)
        for number, organization in enumerate([b"a", b"b", b"c", b"a"])
    )

    receipt = await meter.send_body(body, organization="a", gateway=True)
    own = await meter.send(a_call("1"), organization="owned")

    assert verdicts(receipt) == [(2, "rejected", "organization")]
    assert own.accepted == 1
    assert await meter.calls(organization="c") == 0
    await meter.down()


async def test_a_correction_brings_no_more_texts_than_calls_may(tmp_path: Path) -> None:
    meter = await metering(tmp_path, TextLimits(of_kind=1))
    await meter.send(a_call("1", client_id="a"))

    with pytest.raises(InvalidInputError, match=r'client_id of call 0 is "b".*nothing was corrected') as told:
        await meter.amend(a_call("1", client_id="b"))

    assert told.value.field == "calls[0].client_id"
    assert await meter.calls(client_id="a") == 1
    await meter.down()
