"""Groups of numbers become rows, in order and in words."""

from datetime import UTC, date
from zoneinfo import ZoneInfo

import numpy as np

from calltally.clock import DAY_MS
from calltally.dictionary import Dictionary, Kind
from calltally.store.duckdb.usage.result_page import ResultPage
from calltally.store.duckdb.usage.time_buckets import TimeBuckets
from calltally.usage_query import Dimension, Ordering, UsageQuery, UsageResult
from calltally.window import Granularity, Window

WINDOW = Window.of_days(date(2026, 3, 1), date(2026, 3, 31), UTC)
BUCKETS = TimeBuckets(Granularity.TOTAL, ZoneInfo("UTC"), 0, DAY_MS)
MORE_THAN_16_BITS_COUNT = 70_000


def answered(texts: list[str], **asked: object) -> UsageResult:
    """The answer for accounts with these texts, of which the first has 1 call, the second 2 and so on."""
    dictionary = Dictionary()
    for text in texts:
        dictionary.intern(Kind.ACCOUNT, 1, text)
    query = UsageQuery(organization="acme", window=WINDOW, group_by=(Dimension.ACCOUNT_ID,), **asked)  # type: ignore[arg-type]
    numbers = np.arange(1, len(texts) + 1)
    return ResultPage(query, {"account": numbers, "calls": numbers}, dictionary, BUCKETS).result()


def test_a_great_many_texts_are_ordered_as_few_are() -> None:
    texts = [f"{number:05}" for number in reversed(range(MORE_THAN_16_BITS_COUNT))]

    result = answered(texts, limit=2, offset=40_000)

    assert result.rows == (("40000", 30_000), ("40001", 29_999))
    assert result.total_rows == MORE_THAN_16_BITS_COUNT


def test_a_great_many_texts_are_ordered_downwards_too() -> None:
    texts = [f"{number:05}" for number in range(MORE_THAN_16_BITS_COUNT)]

    result = answered(texts, order_by=(Ordering("account_id", descending=True),), limit=1)

    assert result.rows == (("69999", 70_000),)


def test_a_renamed_text_takes_its_new_place() -> None:
    dictionary = Dictionary()
    for text in ("anna", "bert", "carl"):
        dictionary.intern(Kind.ACCOUNT, 1, text)
    query = UsageQuery(organization="acme", window=WINDOW, group_by=(Dimension.ACCOUNT_ID,))
    numbers = np.array([1, 2, 3])
    rows = ResultPage(query, {"account": numbers, "calls": numbers}, dictionary, BUCKETS)
    assert [row[0] for row in rows.result().rows] == ["anna", "bert", "carl"]

    dictionary.rename(Kind.ACCOUNT, 1, "anna", "erased-1")

    assert [row[0] for row in rows.result().rows] == ["bert", "carl", "erased-1"]
