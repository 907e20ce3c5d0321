"""Through all pages, there and back, in every spelling."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.dialects.segment.segment_app import PATHS, PER_SOURCE, WORKSPACE, SegmentApp

Spelling = Callable[[int, str | None], str]

LISTS = {PER_SOURCE: "dailyPerSourceAPICallsUsage", WORKSPACE: "dailyWorkspaceAPICallsUsage"}


def python_sdk(count: int, cursor: str | None) -> str:
    return "pagination=" + quote(
        f'{{"cursor": "{cursor}", "count": {count}}}' if cursor else f'{{"count": {count}}}', safe=""
    )


def typescript_sdk(count: int, cursor: str | None) -> str:
    return f"pagination%5Bcursor%5D={cursor or ''}&pagination%5Bcount%5D={count}"


def go_sdk(count: int, cursor: str | None) -> str:
    return f"pagination[count]={count}" + (f"&pagination[cursor]={cursor}" if cursor else "")


def java_sdk(count: int, cursor: str | None) -> str:
    return f"pagination.count={count}" + (f"&pagination.cursor={cursor}" if cursor else "")


SPELLINGS: list[Spelling] = [python_sdk, typescript_sdk, go_sdk, java_sdk]


async def page(client: httpx.AsyncClient, path: str, query_string: str) -> Any:
    reply = await client.get(f"{path}?{query_string}")
    assert reply.status_code == 200, reply.text
    return reply.json()["data"]


async def all_pages(
    client: httpx.AsyncClient, path: str, period: str, count: int, spelling: Spelling
) -> list[Any]:
    """From the first page on as long as there is a next one."""
    pages = [await page(client, path, f"period={period}&{spelling(count, None)}")]
    while cursor := pages[-1]["pagination"].get("next"):
        pages.append(await page(client, path, f"period={period}&{spelling(count, cursor)}"))
    return pages


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("count", [1, 2, 7, 15, 44, 45, 46, 1000])
async def test_the_pages_together_are_the_whole_whatever_their_size(
    client: httpx.AsyncClient, path: str, count: int
) -> None:
    whole = (await page(client, path, "period=2026-03-01"))[LISTS[path]]

    pages = await all_pages(client, path, "2026-03-01", count, java_sdk)

    assert [row for one in pages for row in one[LISTS[path]]] == whole
    assert {one["pagination"]["totalEntries"] for one in pages} == {len(whole)}
    assert [len(one[LISTS[path]]) for one in pages[:-1]] == [count] * (len(pages) - 1)


@pytest.mark.parametrize("path", PATHS)
async def test_every_spelling_gives_the_same_pages(client: httpx.AsyncClient, path: str) -> None:
    by_spelling = [await all_pages(client, path, "2026-03-01", 7, spelling) for spelling in SPELLINGS]

    assert len(by_spelling[0]) > 2
    assert by_spelling == [by_spelling[0]] * 4


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("nothing", ["", "&pagination=", "&pagination=%7B%7D", "&pagination[cursor]="])
async def test_without_pagination_there_are_200_rows_a_page(
    app: SegmentApp, client: httpx.AsyncClient, path: str, nothing: str
) -> None:
    app.count(*({"time": "2026-02-03T00:00:00Z", "source_id": f"src-{number:02}"} for number in range(10)))

    first = await page(client, path, f"period=2026-02-01{nothing}")

    assert first == await page(client, path, "period=2026-02-01&pagination.count=200")
    assert len(first[LISTS[path]]) == min(200, first["pagination"]["totalEntries"])


async def test_previous_leads_back_to_the_first_page(client: httpx.AsyncClient) -> None:
    pages = await all_pages(client, PER_SOURCE, "2026-03-01", 9, java_sdk)

    previous = pages[-1]["pagination"]["previous"]
    back = [pages[-1]]
    while previous:
        back.append(await page(client, PER_SOURCE, f"period=2026-03-01&{go_sdk(9, previous)}"))
        previous = back[-1]["pagination"].get("previous")

    assert [one[LISTS[PER_SOURCE]] for one in reversed(back)] == [one[LISTS[PER_SOURCE]] for one in pages]


async def test_current_leads_to_the_page_itself(client: httpx.AsyncClient) -> None:
    for one in await all_pages(client, PER_SOURCE, "2026-03-01", 20, java_sdk):
        again = await page(
            client, PER_SOURCE, f"period=2026-03-01&{java_sdk(20, one['pagination']['current'])}"
        )
        assert again == one


async def test_any_date_of_the_month_goes_on_where_another_left_off(client: httpx.AsyncClient) -> None:
    first = await page(client, WORKSPACE, "period=2026-03-01&pagination.count=10")
    cursor = first["pagination"]["next"]

    second = await page(client, WORKSPACE, f"period=2026-03-14T00:00:00.000000Z&{java_sdk(10, cursor)}")

    assert second[LISTS[WORKSPACE]][0] == {"apiCalls": "5", "timestamp": "2026-03-11T00:00:00Z"}


async def test_a_source_that_is_new_between_two_pages_neither_repeats_nor_hides_a_row(
    app: SegmentApp, client: httpx.AsyncClient
) -> None:
    first = await page(client, PER_SOURCE, "period=2026-02-01&pagination.count=3")
    app.count({"time": "2026-02-20T00:00:00Z", "source_id": "src-0"})

    second = await page(client, PER_SOURCE, f"period=2026-02-01&{java_sdk(2, first['pagination']['next'])}")

    assert [(row["timestamp"][:10], row["sourceId"]) for row in first[LISTS[PER_SOURCE]]] == [
        ("2026-02-01", "src-a"),
        ("2026-02-01", "src-b"),
        ("2026-02-02", "src-a"),
    ]
    assert [(row["timestamp"][:10], row["sourceId"]) for row in second[LISTS[PER_SOURCE]]] == [
        ("2026-02-02", "src-b"),
        ("2026-02-03", "src-0"),
    ]


async def test_a_page_that_begins_after_today_is_empty(app: SegmentApp, client: httpx.AsyncClient) -> None:
    last = await page(client, WORKSPACE, "period=2026-03-01&pagination.count=14")
    app.clock.move_to(datetime(2026, 3, 10, tzinfo=UTC))

    past = await page(client, WORKSPACE, f"period=2026-03-01&{java_sdk(4, last['pagination']['next'])}")

    assert past[LISTS[WORKSPACE]] == []
    assert "next" not in past["pagination"]
    before = await page(client, WORKSPACE, f"period=2026-03-01&{java_sdk(4, past['pagination']['previous'])}")
    assert [row["timestamp"][8:10] for row in before[LISTS[WORKSPACE]]] == ["07", "08", "09", "10"]
