"""Converts results to Genesys's responses."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain, islice, repeat, starmap, zip_longest
from operator import itemgetter
from typing import Any, cast

import msgspec
from msgspec import UNSET

from calltally.dialects.genesys.bad_request import BadRequestError
from calltally.dialects.genesys.contract import (
    ApiUsageRow,
    Column,
    DomainEntityRef,
    PublicApiUsage,
    UsageMetric,
    UserReference,
)
from calltally.dialects.genesys.question import METRICS, Question
from calltally.usage_query import START, Dimension, Metric, UsageResult, Value

ROWS_OF_A_PAGE = 1000

_Row = tuple[Value, ...]

_NOTHING = repeat("")
_ABSENT = repeat(UNSET)


def to_genesys_rows(
    question: Question, organization: str, result: UsageResult, names: Mapping[str, str]
) -> Iterator[ApiUsageRow]:
    """One row per group with calls, by date, client, user, method and template, unless ordered otherwise.

    Template URIs have no leading slash; groups that become equal without it are summed. Rows are created
    lazily, since memory for very many costs more than filling it. Raises `BadRequestError` if the result was
    cut and the query does not ask for its first rows only.
    """
    if result.total_rows > len(result.rows) and question.first_rows is None:
        raise _too_large(len(result.rows))
    rows, have_slashes = _shown(question, result)
    parts = (rows[start : start + ROWS_OF_A_PAGE] for start in range(0, len(rows), ROWS_OF_A_PAGE))

    def written(part: Sequence[_Row]) -> Iterator[ApiUsageRow]:
        columns: dict[str, Sequence[Value]] = dict(zip(result.columns, zip(*part, strict=True), strict=True))
        if have_slashes:
            routes = cast("Sequence[str]", columns[Dimension.ROUTE])
            columns[Dimension.ROUTE] = [route.removeprefix("/") for route in routes]
        return starmap(ApiUsageRow, _cells(question, organization, columns, names))

    return chain.from_iterable(map(written, parts))


def _cells(
    question: Question,
    organization: str,
    columns: Mapping[str, Sequence[Value]],
    names: Mapping[str, str],
) -> Iterator[tuple[Any, ...]]:
    """The values of an `ApiUsageRow` for each row; the rows are given as columns."""
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
    return islice(zip(*cells, strict=False), len(columns[Metric.CALLS]))


def to_genesys_pages(rows: Iterator[ApiUsageRow]) -> tuple[list[bytes], int]:
    """The rows as JSON arrays, one per stored page, and the number of rows."""
    encoder = msgspec.json.Encoder()
    pages, count = [], 0
    while page := list(islice(rows, ROWS_OF_A_PAGE)):
        pages.append(encoder.encode(page))
        count += len(page)
    return pages, count


def to_genesys_results(pages: Iterable[bytes]) -> msgspec.Raw:
    """The rows of several pages as one JSON array."""
    return msgspec.Raw(b"[" + b",".join(page[1:-1] for page in pages) + b"]")


def to_genesys_part(pages: Sequence[bytes], first: int, size: int) -> msgspec.Raw:
    """``size`` rows of several pages, from row ``first`` on."""
    if len(pages) == 1 and first == 0 and size == ROWS_OF_A_PAGE:
        return msgspec.Raw(pages[0])
    rows: list[msgspec.Raw] = []
    for page in pages:
        rows.extend(msgspec.json.decode(page, type=list[msgspec.Raw]))
    return msgspec.Raw(msgspec.json.encode(rows[first : first + size]))


def to_genesys_entities(rows: msgspec.Raw) -> list[PublicApiUsage]:
    """Rows of an execution's pages, converted to rows of jobs."""
    return [_entity(row) for row in msgspec.json.decode(rows, type=list[ApiUsageRow])]


def _entity(row: ApiUsageRow) -> PublicApiUsage:
    return PublicApiUsage(
        date=UNSET if row.date is UNSET else row.date[: len("yyyy-mm-dd")],
        http_method=row.http_method,
        template_uri=row.template_uri,
        request_count=row.requests,
        status200=row.status200,
        status300=row.status300,
        status400=row.status400,
        status429=row.status429,
        status500=row.status500,
        organization_id=row.organization_id,
        oauth_client=DomainEntityRef(row.client_id, row.client_name) if row.client_id else UNSET,
        user=UserReference(row.user_id) if row.user_id else UNSET,
    )


def _too_large(rows: int) -> BadRequestError:
    sentence = (
        "The response is over the size limit. Reduce pageSize or expand list to reduce response size if"
        " applicable. It has more than {rows} rows; ask for a shorter interval, a coarser granularity or"
        " fewer groups"
    )
    return BadRequestError("response.entity.too.large", sentence, rows=str(rows))


def _whole_groups(result: UsageResult, keys: int) -> Sequence[_Row]:
    """The rows; of a cut result only those whose counterpart with or without a slash cannot be missing.

    The route is the last sort key, so counterparts agree in all earlier ones.
    """
    if result.total_rows == len(result.rows) or Dimension.ROUTE not in result.columns:
        return result.rows
    incomplete = result.rows[-1][: keys - 1] if result.rows else ()
    return [row for row in result.rows if row[: keys - 1] != incomplete]


def _shown(question: Question, result: UsageResult) -> tuple[Sequence[_Row], bool]:
    """The rows to return, and whether a leading slash of their routes is still to be removed.

    There may be very many, so as little as possible is done row by row.
    """
    keys = len(result.columns) - len(question.counted)
    rows, have_slashes = _whole_groups(result, keys), False
    if Dimension.ROUTE in result.columns:
        routes = cast("set[str]", set(map(itemgetter(keys - 1), rows)))
        have_slashes = all(route.startswith("/") for route in routes)
        if not have_slashes and any(route.startswith("/") for route in routes):
            rows = list(_without_slashes(rows, keys))
    if 0 in map(itemgetter(keys), rows):
        rows = [row for row in rows if row[keys]]
    for key in reversed(question.order_by):
        rows = sorted(rows, key=itemgetter(result.columns.index(key.column)), reverse=key.descending)
    return rows[: question.first_rows], have_slashes


def _without_slashes(rows: Iterable[_Row], keys: int) -> Iterator[_Row]:
    """Sum groups whose routes are equal without the leading slash, in the order of rows."""
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
