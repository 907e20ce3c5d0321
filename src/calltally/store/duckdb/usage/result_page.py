"""The rows of a result: the counted groups, ordered, with texts instead of ids."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from calltally.dictionary import Dictionary
from calltally.store.duckdb.usage.resolved_query import KINDS, STATUS_CLASSES, name_of
from calltally.store.duckdb.usage.time_buckets import TimeBuckets
from calltally.usage_query import START, Dimension, UsageQuery, UsageResult, Value

Numbers = npt.NDArray[np.integer[Any]]

_CLASS_NAMES = {number: str(name) for name, number in STATUS_CLASSES.items()}


class _Column(NamedTuple):
    """Numbers that compare like the values of a column, and the function that converts them to values."""

    numbers: Numbers
    values: Callable[[list[int]], Sequence[Value]]


class ResultPage:
    """The groups of a result, column by column, as `usage_statement.usage` returns them.

    All groups are ordered as numbers; only the rows of the page are converted to values. Each text of the
    result is looked up once; texts are compared by code point.
    """

    def __init__(
        self, query: UsageQuery, groups: Mapping[str, Numbers], dictionary: Dictionary, buckets: TimeBuckets
    ) -> None:
        self._query = query
        self._groups = groups
        self._dictionary = dictionary
        self._buckets = buckets

    def result(self) -> UsageResult:
        """The requested page. Raises `ValueError` for an order by a column that the query does not have."""
        query = self._query
        columns = self._columns()
        total_rows = len(columns[query.columns[-1]].numbers)
        last = None if query.limit is None else query.offset + query.limit
        page = self._order(columns)[query.offset : last]
        shown = (columns[name] for name in query.columns)
        values = [column.values(column.numbers[page].tolist()) for column in shown]
        return UsageResult(query.columns, tuple(zip(*values, strict=True)), total_rows)

    def _order(self, columns: Mapping[str, _Column]) -> Numbers:
        """The requested order, then all keys, so that the order is total."""
        keys = self._query.columns[: len(self._query.columns) - len(self._query.metrics)]
        asked = [(ordering.column, ordering.descending) for ordering in self._query.order_by]
        order: dict[str, Numbers] = {}
        for name, descending in [*asked, *((key, False) for key in keys)]:
            if name not in columns:
                raise ValueError(f"cannot order by {name}: the rows have no such column")
            numbers = columns[name].numbers
            order.setdefault(name, -numbers if descending else numbers)
        return np.lexsort([*reversed(order.values())]) if order else np.arange(1)

    def _columns(self) -> dict[str, _Column]:
        query, groups = self._query, self._groups
        starts = {START: _Column(groups[START], self._starts)} if START in query.columns else {}
        return {
            **starts,
            **{str(dimension): self._grouped(dimension) for dimension in query.group_by},
            **{str(metric): _Column(groups[metric], list) for metric in query.metrics},
        }

    def _grouped(self, dimension: Dimension) -> _Column:
        numbers = self._groups[name_of(dimension)]
        match dimension:
            case Dimension.STATUS:
                return _Column(numbers, list)
            case Dimension.STATUS_CLASS:
                return _ranked(numbers, lambda classes: [_CLASS_NAMES[number] for number in classes])
            case _:
                return _ranked(numbers, lambda ids: self._dictionary.texts(KINDS[dimension], ids))

    def _starts(self, numbers: list[int]) -> list[Value]:
        starts = {bucket: self._buckets.start(bucket) for bucket in set(numbers)}
        return [starts[bucket] for bucket in numbers]


def _ranked(numbers: Numbers, texts_of: Callable[[list[int]], list[str]]) -> _Column:
    """Ids of texts, replaced by the ranks of the texts."""
    found = np.flatnonzero(np.bincount(numbers))
    words = texts_of(found.tolist())
    order = sorted(range(len(words)), key=words.__getitem__)
    # Sorting by 16 bits takes a tenth of the time.
    size = np.int16 if len(words) <= np.iinfo(np.int16).max else np.int64
    places = np.zeros(found[-1] + 1 if len(found) else 0, size)
    places[found[order]] = np.arange(len(order))
    in_order = [words[index] for index in order]
    return _Column(places[numbers], lambda ranks: [in_order[rank] for rank in ranks])
