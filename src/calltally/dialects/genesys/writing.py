"""Our answers in Genesys's words."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice, repeat, starmap, zip_longest
from typing import cast

import msgspec
from msgspec import UNSET

from calltally.dialects.genesys.bad_request import BadRequestError
from calltally.dialects.genesys.contract import ApiUsageRow, Column, UsageMetric
from calltally.dialects.genesys.question import METRICS, Question
from calltally.usage_query import START, Dimension, Metric, UsageResult, Value

ROWS_OF_A_PAGE = 1000

_Row = tuple[Value, ...]

_NOTHING = repeat("")
_ABSENT = repeat(UNSET)


def to_genesys_rows(
    question: Question, organization: str, result: UsageResult, names: Mapping[str, str]
) -> list[ApiUsageRow]:
    """One row per group with calls, by date, client, user, method and template, in this order.

    Template URIs have no slash in front; groups that are the same without it are added up. Raises
    `BadRequestError` when the result was cut and the question does not ask for its first rows only.
    """
    if result.total_rows > len(result.rows) and question.first_rows is None:
        raise _too_large(len(result.rows))
    columns = _columns(question, result)
    client_ids = columns.get(Dimension.CLIENT_ID, ())
    counts = {metric: columns[METRICS[metric]] for metric in question.metrics}
    cells = (
        client_ids or _NOTHING,
        [names.get(cast("str", client_id), "") for client_id in client_ids] if names else _NOTHING,
        repeat(organization) if Column.ORGANIZATION_ID in question.columns else _NOTHING,
        columns.get(Dimension.USER_ID, _NOTHING),
        columns.get(Dimension.ROUTE, _NOTHING),
        columns.get(Dimension.METHOD, _NOTHING),
        *(counts.get(metric, _ABSENT) for metric in UsageMetric),
        _dates(columns[START]) if START in columns else _ABSENT,
    )
    return list(starmap(ApiUsageRow, islice(zip(*cells, strict=False), len(columns[Metric.CALLS]))))


def to_genesys_pages(rows: list[ApiUsageRow]) -> list[bytes]:
    """The rows as JSON arrays, each of so many that an execution's page holds."""
    encoder = msgspec.json.Encoder()
    return [
        encoder.encode(rows[start : start + ROWS_OF_A_PAGE]) for start in range(0, len(rows), ROWS_OF_A_PAGE)
    ]


def to_genesys_results(pages: Iterable[bytes]) -> msgspec.Raw:
    """The rows of several pages as one JSON array."""
    return msgspec.Raw(b"[" + b",".join(page[1:-1] for page in pages) + b"]")


def to_genesys_part(pages: Sequence[bytes], first: int, size: int) -> msgspec.Raw:
    """As many rows of several pages as a size says, from the one with a number on."""
    if len(pages) == 1 and first == 0 and size == ROWS_OF_A_PAGE:
        return msgspec.Raw(pages[0])
    rows: list[msgspec.Raw] = []
    for page in pages:
        rows.extend(msgspec.json.decode(page, type=list[msgspec.Raw]))
    return msgspec.Raw(msgspec.json.encode(rows[first : first + size]))


def _too_large(rows: int) -> BadRequestError:
    sentence = (
        "The response is over the size limit. Reduce pageSize or expand list to reduce response size if"
        " applicable. It has more than {rows} rows; ask for a shorter interval, a coarser granularity or"
        " fewer groups"
    )
    return BadRequestError("response.entity.too.large", sentence, rows=str(rows))


def _whole_groups(result: UsageResult, keys: int) -> Iterator[_Row]:
    """The rows; of a cut result only those whose twin with or without a slash cannot be missing.

    The route is the last thing that rows are ordered by, so twins agree in everything before it.
    """
    if result.total_rows == len(result.rows) or Dimension.ROUTE not in result.columns:
        yield from result.rows
        return
    incomplete = result.rows[-1][: keys - 1] if result.rows else ()
    yield from (row for row in result.rows if row[: keys - 1] != incomplete)


def _columns(question: Question, result: UsageResult) -> dict[str, Sequence[Value]]:
    """The rows to be shown, turned into columns: an answer may have a great many of them."""
    keys = len(result.columns) - len(question.counted)
    rows: Iterable[_Row] = _whole_groups(result, keys)
    slashes = Dimension.ROUTE in result.columns
    if slashes and len({cast("str", row[keys - 1])[:1] == "/" for row in result.rows}) > 1:
        rows, slashes = _without_slashes(rows, keys), False
    shown = list(islice((row for row in rows if row[keys]), question.first_rows))
    columns: dict[str, Sequence[Value]] = dict.fromkeys(result.columns, ())
    columns.update(zip(result.columns, zip(*shown, strict=True), strict=False))
    if slashes:
        columns[Dimension.ROUTE] = [
            cast("str", route).removeprefix("/") for route in columns[Dimension.ROUTE]
        ]
    return columns


def _without_slashes(rows: Iterable[_Row], keys: int) -> Iterator[_Row]:
    """Adds up groups whose routes are the same without the slash in front; in the order of rows."""
    groups: dict[_Row, list[int]] = {}
    for row in rows:
        key = (*row[: keys - 1], cast("str", row[keys - 1]).removeprefix("/"))
        counts = cast("tuple[int, ...]", row[keys:])
        groups[key] = [a + b for a, b in zip_longest(groups.get(key, ()), counts, fillvalue=0)]
    for key in sorted(groups):
        yield (*key, *groups[key])


def _dates(starts: Sequence[Value]) -> Iterator[str]:
    written = {start: _date(cast("datetime", start)) for start in set(starts)}
    return map(written.__getitem__, starts)


def _date(start: datetime) -> str:
    return f"{start.replace(tzinfo=None).isoformat(timespec='seconds')}Z"
