"""Our answers in Genesys's words."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import islice, zip_longest
from typing import Any, cast

import msgspec
from msgspec import UNSET

from calltally.dialects.genesys.bad_request import BadRequestError
from calltally.dialects.genesys.contract import ApiUsageRow, Column
from calltally.dialects.genesys.question import METRICS, Question
from calltally.usage_query import START, Dimension, UsageResult, Value

ROWS_OF_A_PAGE = 1000

_Key = tuple[Value, ...]


def to_genesys_rows(
    question: Question, organization: str, result: UsageResult, names: Mapping[str, str]
) -> list[ApiUsageRow]:
    """One row per group with calls, by date, client, user, method and template, in this order.

    Template URIs have no slash in front; groups that are the same without it are added up. Raises
    `BadRequestError` when the result was cut and the question does not ask for its first rows only.
    """
    if result.total_rows > len(result.rows) and question.first_rows is None:
        raise _too_large(len(result.rows))
    keys = len(result.columns) - len(question.counted)
    groups = _without_slashes(_whole_groups(result, keys), result.columns, keys)
    named = result.columns[:keys]
    rows = (
        _row(question, organization, dict(zip(named, key, strict=True)), counts, names)
        for key, counts in sorted(groups.items())
        if counts[0]
    )
    return list(islice(rows, question.first_rows))


def to_genesys_pages(rows: list[ApiUsageRow]) -> list[bytes]:
    """The rows as JSON arrays, each of so many that an execution's page holds."""
    encoder = msgspec.json.Encoder()
    return [
        encoder.encode(rows[start : start + ROWS_OF_A_PAGE]) for start in range(0, len(rows), ROWS_OF_A_PAGE)
    ]


def to_genesys_results(pages: Iterable[bytes]) -> msgspec.Raw:
    """The rows of several pages as one JSON array."""
    return msgspec.Raw(b"[" + b",".join(page[1:-1] for page in pages) + b"]")


def to_genesys_part(pages: Iterable[bytes], first: int, size: int) -> msgspec.Raw:
    """As many rows of several pages as a size says, from the one with a number on."""
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


def _whole_groups(result: UsageResult, keys: int) -> Iterator[_Key]:
    """The rows; of a cut result only those whose twin with or without a slash cannot be missing.

    The route is the last thing that rows are ordered by, so twins agree in everything before it.
    """
    if result.total_rows == len(result.rows) or Dimension.ROUTE not in result.columns:
        yield from result.rows
        return
    incomplete = result.rows[-1][: keys - 1] if result.rows else ()
    yield from (row for row in result.rows if row[: keys - 1] != incomplete)


def _without_slashes(rows: Iterable[_Key], columns: tuple[str, ...], keys: int) -> dict[Any, list[int]]:
    """Counts by the values that rows are grouped by."""
    groups: dict[_Key, list[int]] = defaultdict(list)
    by_route = Dimension.ROUTE in columns
    for row in rows:
        key, counts = row[:keys], cast("tuple[int, ...]", row[keys:])
        if by_route:
            key = (*key[:-1], cast("str", key[-1]).removeprefix("/"))
        groups[key] = [a + b for a, b in zip_longest(groups[key], counts, fillvalue=0)]
    return groups


def _row(
    question: Question,
    organization: str,
    group: Mapping[str, Value],
    counts: list[int],
    names: Mapping[str, str],
) -> ApiUsageRow:
    by_metric = dict(zip(question.counted, counts, strict=True))
    shown: dict[str, Any] = {m.lower(): by_metric[METRICS[m]] for m in question.metrics}
    client_id = str(group.get(Dimension.CLIENT_ID, ""))
    return ApiUsageRow(
        client_id=client_id,
        client_name=names.get(client_id, ""),
        organization_id=organization if Column.ORGANIZATION_ID in question.columns else "",
        user_id=str(group.get(Dimension.USER_ID, "")),
        template_uri=str(group.get(Dimension.ROUTE, "")),
        http_method=str(group.get(Dimension.METHOD, "")),
        date=_date(cast("datetime", group[START])) if START in group else UNSET,
        **shown,
    )


def _date(start: datetime) -> str:
    return f"{start.replace(tzinfo=None).isoformat(timespec='seconds')}Z"
