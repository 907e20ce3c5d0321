"""Sizes and cursors."""

from urllib.parse import urlencode

import pytest
from msgspec import UNSET

from calltally.dialects.genesys.bad_request import BadRequestError
from calltally.dialects.genesys.contract import Cursors
from calltally.dialects.genesys.paging import Page, from_genesys_page, to_genesys_cursors
from calltally.dialects.genesys.parameters import Parameters

ID = "7b0f4f4c-8f0a-4b5e-9d6b-0d1f5f7f3c11"
OTHER_ID = "7b0f4f4c-8f0a-4b5e-9d6b-0d1f5f7f3c12"


def page(execution_id: str = ID, **parameters: object) -> Page:
    return from_genesys_page(Parameters(urlencode(parameters).encode()), execution_id)


def cursors(page: Page, records: int) -> Cursors:
    found = to_genesys_cursors(page, records, ID)
    assert isinstance(found, Cursors)
    return found


def test_a_page_has_a_thousand_records_unless_told_otherwise() -> None:
    assert page() == Page(1000, 0)
    assert page(pageSize="1", after="") == Page(1, 0)


def test_after_leads_to_the_next_page_and_before_to_this_one() -> None:
    middle = Page(100, 300)

    around = cursors(middle, 1000)

    assert page(after=around.after, pageSize=100) == Page(100, 400)
    assert page(after=around.before, pageSize=50) == Page(50, 300)


def test_the_first_page_has_no_before_and_the_last_no_after() -> None:
    assert cursors(Page(10, 0), 11).before is None
    assert cursors(Page(10, 10), 20).after is None
    assert to_genesys_cursors(Page(10, 0), 10, ID) is UNSET
    assert to_genesys_cursors(Page(10, 0), 0, ID) is UNSET


@pytest.mark.parametrize("size", ["1001", "-1", "00", "ten", "1e2", "\u0663", "9" * 5000])
def test_a_size_is_a_whole_number_from_1_to_1000(size: str) -> None:
    with pytest.raises(BadRequestError, match=r"\[pageSize\].* from 1 to 1000"):
        page(pageSize=size)


@pytest.mark.parametrize("size", ["", "0"])
def test_a_size_that_an_sdk_sends_for_none_is_the_default(size: str) -> None:
    assert page(pageSize=size) == Page(1000, 0)


def test_a_cursor_counts_for_its_own_execution_only() -> None:
    after = cursors(Page(10, 0), 11).after

    with pytest.raises(BadRequestError, match=r"\[after\]"):
        page(OTHER_ID, after=after)


@pytest.mark.parametrize("cursor", ["x", "a b&=+/", "AAAAAAAAAAAAAAAA", "é" * 16, "A" * 100_000])
def test_a_cursor_cannot_be_made_up(cursor: str) -> None:
    with pytest.raises(BadRequestError) as caught:
        page(after=cursor)

    assert caught.value.code == "invalid.query.param.value"


def test_a_parameter_given_twice_is_refused() -> None:
    with pytest.raises(BadRequestError, match="one value"):
        from_genesys_page(Parameters(b"pageSize=1&pageSize=1"), ID)


def test_a_query_string_that_is_no_text_cannot_be_understood() -> None:
    with pytest.raises(BadRequestError, match="malformed syntax"):
        Parameters(b"after=%FF")
