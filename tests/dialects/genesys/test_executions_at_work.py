"""What happens between a question and its results: running, failing, ending, starting again."""

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest

from calltally.errors import BusyError, InvalidInputError, OutOfServiceError
from calltally.unstored_calls import NONE_UNSTORED, UnstoredCalls
from calltally.usage_query import UsageQuery, UsageResult
from calltally.window import Window
from tests.dialects.genesys.genesys_app import NOW, GenesysApp

QUERY = "/api/v2/usage/query"
MARCH = {"interval": "2026-03/2026-03", "groupBy": ["OrganizationId"], "metrics": ["Requests"]}
MARCH_DAYS = Window.of_days(date(2026, 3, 1), date(2026, 3, 31))
AT_ONCE = {"options": {"ready_within": 0}}


async def ask(client: httpx.AsyncClient, body: Any = MARCH, status: int = 200) -> str:
    """Asks; returns where the results are."""
    reply = await client.post(QUERY, json=body)
    assert reply.status_code == status, reply.text
    uri: str = reply.json()["resultsUri"]
    return uri


async def result(client: httpx.AsyncClient, uri: str) -> Any:
    reply = await client.get(uri)
    assert reply.status_code == 200, reply.text
    return reply.json()


async def finished(client: httpx.AsyncClient, uri: str) -> Any:
    for _ in range(1000):
        found = await result(client, uri)
        if found != {"queryStatus": "Running"}:
            return found
        await asyncio.sleep(0.005)
    raise TimeoutError


async def until(condition: Callable[[], bool]) -> None:
    for _ in range(1000):
        if condition():
            return
        await asyncio.sleep(0.005)
    raise TimeoutError


def fail_once(app: GenesysApp, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """The next question to the engine fails, later ones are answered."""
    answer = app.engine.usage

    async def fail(*_: Any, **__: Any) -> None:
        monkeypatch.setattr(app.engine, "usage", answer)
        raise error

    monkeypatch.setattr(app.engine, "usage", fail)


def fail_always(app: GenesysApp, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    async def fail(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(app.engine, "usage", fail)


def count_questions(app: GenesysApp) -> list[Window]:
    """Grows with every question that the store answers."""
    answer, windows = app.store.usage, []

    def usage(query: UsageQuery, unstored: UnstoredCalls = NONE_UNSTORED) -> UsageResult:
        windows.append(query.window)
        return answer(query, unstored)

    app.store.usage = usage  # type: ignore[method-assign] # watched, and answered for real
    return windows


@pytest.mark.parametrize("app", [AT_ONCE], indirect=True)
async def test_a_question_is_accepted_runs_and_is_complete(
    app: GenesysApp, client: httpx.AsyncClient
) -> None:
    app.gate.shut()
    uri = await ask(client, status=202)

    running = await result(client, uri)
    app.gate.open()

    assert running == {"queryStatus": "Running"}
    assert (await finished(client, uri))["results"][0]["requests"] == 11


@pytest.mark.parametrize("app", [AT_ONCE], indirect=True)
async def test_a_search_and_a_client_query_run_in_the_same_way(
    app: GenesysApp, client: httpx.AsyncClient
) -> None:
    app.gate.shut()
    search = await client.post("/api/v2/usage/simplesearch", json={"interval": "2026/2026"})
    summary = await client.get("/api/v2/oauth/clients/client-1/usage/summary")

    assert (search.status_code, summary.status_code) == (202, 202)
    assert await result(client, search.json()["resultsUri"]) == {"queryStatus": "Running"}
    assert await result(client, summary.json()["resultsUri"]) == {"queryStatus": "Running"}


async def test_results_stay_as_they_are_when_calls_come_in(
    app: GenesysApp, client: httpx.AsyncClient
) -> None:
    uri = await ask(client)
    before = await result(client, uri)

    app.count({"time": "2026-03-14T10:00:00Z"})

    assert await result(client, uri) == before
    assert (await result(client, await ask(client)))["results"][0]["requests"] == 12


@pytest.mark.parametrize("app", [AT_ONCE], indirect=True)
async def test_a_summary_is_about_the_days_before_it_was_asked(
    app: GenesysApp, client: httpx.AsyncClient
) -> None:
    app.gate.shut()
    posted = await client.get("/api/v2/oauth/clients/client-3/usage/summary?days=7")
    app.clock.move_to(NOW + timedelta(hours=13))  # the next day
    app.gate.open()

    found = await finished(client, posted.json()["resultsUri"])

    assert found["results"][0]["requests"] == 2


@pytest.mark.parametrize("app", [AT_ONCE], indirect=True)
async def test_what_was_running_is_answered_after_a_restart(
    app: GenesysApp, client: httpx.AsyncClient
) -> None:
    app.gate.shut()
    uri = await ask(client, status=202)
    await app.dialect.stop()
    assert await result(client, uri) == {"queryStatus": "Running"}

    app.gate.open()
    app.dialect = app.new_dialect()
    await app.dialect.start()

    async with app.client() as later:
        assert (await finished(later, uri))["results"][0]["requests"] == 11


@pytest.mark.parametrize("app", [AT_ONCE], indirect=True)
async def test_an_answer_after_a_restart_counts_what_had_come_when_it_was_asked(
    app: GenesysApp, client: httpx.AsyncClient
) -> None:
    app.gate.shut()
    uri = await ask(client, status=202)
    await app.dialect.stop()
    app.clock.move_to(NOW + timedelta(minutes=1))
    app.count({"time": (NOW + timedelta(seconds=30)).isoformat(), "client_id": "client-1"})

    app.gate.open()
    app.dialect = app.new_dialect()
    await app.dialect.start()

    async with app.client() as later:
        assert (await finished(later, uri))["results"][0]["requests"] == 11
        at_present = await finished(later, await ask(later, status=202))
        assert at_present["results"][0]["requests"] == 12


@pytest.mark.parametrize("app", [AT_ONCE], indirect=True)
async def test_what_was_running_is_answered_after_a_kill(app: GenesysApp, client: httpx.AsyncClient) -> None:
    app.gate.shut()
    uris = [await ask(client, status=202) for _ in range(5)]
    killed = app.dialect  # it never gets to stop and never gets on

    app.dialect = app.new_dialect()
    app.gate.open_for_others()
    await app.dialect.start()

    async with app.client() as later:
        results = [await finished(later, uri) for uri in uris]
    assert [one["queryStatus"] for one in results] == ["Complete"] * 5
    await killed.stop()


async def test_a_question_that_waits_while_the_server_stops_is_answered_after_the_restart(
    app: GenesysApp, client: httpx.AsyncClient
) -> None:
    app.gate.shut()
    asking = asyncio.create_task(ask(client, status=202))
    await until(lambda: app.gate.waiting == 1)

    await app.dialect.stop()
    uri = await asking
    app.gate.open()
    app.dialect = app.new_dialect()
    await app.dialect.start()

    async with app.client() as later:
        assert (await finished(later, uri))["queryStatus"] == "Complete"


async def test_what_is_asked_while_the_server_stops_is_answered_after_the_restart(
    app: GenesysApp, client: httpx.AsyncClient
) -> None:
    await app.dialect.stop()
    uri = await ask(client, status=202)
    assert await result(client, uri) == {"queryStatus": "Running"}

    app.dialect = app.new_dialect()
    await app.dialect.start()

    async with app.client() as later:
        assert (await finished(later, uri))["queryStatus"] == "Complete"


async def test_complete_results_are_there_after_a_restart(app: GenesysApp, client: httpx.AsyncClient) -> None:
    uri = await ask(client)
    before = await result(client, uri)
    await app.dialect.stop()

    app.dialect = app.new_dialect()
    await app.dialect.start()

    async with app.client() as later:
        assert await result(later, uri) == before


async def test_results_are_kept_for_a_day(app: GenesysApp, client: httpx.AsyncClient) -> None:
    uri = await ask(client)

    app.clock.move_to(NOW + timedelta(hours=24, milliseconds=-1))
    last = await client.get(uri)
    app.clock.move_to(NOW + timedelta(hours=24))
    gone = await client.get(uri)

    assert (last.status_code, gone.status_code) == (200, 404)


@pytest.mark.parametrize("app", [{"options": {"cleaning_seconds": 0.01}}], indirect=True)
async def test_what_has_expired_is_removed_in_the_background(
    app: GenesysApp, client: httpx.AsyncClient
) -> None:
    await app.dialect.start()
    uri = await ask(client)
    execution_id = uri.split("/")[-2]
    assert app.executions.pages(execution_id, 0, 0)

    app.clock.move_to(NOW + timedelta(hours=25))

    await until(lambda: not app.executions.pages(execution_id, 0, 0))


@pytest.mark.parametrize("app", [{"options": {"ready_within": 0, "concurrency": 4}}], indirect=True)
async def test_only_so_many_questions_run_at_a_time_and_all_are_answered(
    app: GenesysApp, client: httpx.AsyncClient
) -> None:
    app.gate.shut()
    uris = [await ask(client, status=202) for _ in range(6)]
    await until(lambda: app.gate.waiting == 2)
    await asyncio.sleep(0.02)
    assert app.gate.waiting == 2

    app.gate.open()

    assert {(await finished(client, uri))["queryStatus"] for uri in uris} == {"Complete"}


@pytest.mark.parametrize(
    "app", [{"options": {"ready_within": 0}, "bounds": {"max_unfinished": 2}}], indirect=True
)
async def test_a_client_can_ask_again_once_its_questions_are_answered(
    app: GenesysApp, client: httpx.AsyncClient
) -> None:
    app.gate.shut()
    uris = [await ask(client, status=202) for _ in range(2)]
    refused = await client.post(QUERY, json=MARCH)
    app.gate.open()
    await asyncio.gather(*(finished(client, uri) for uri in uris))

    again = await client.post(QUERY, json=MARCH)

    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "5")
    assert again.status_code == 202


@pytest.mark.parametrize(
    "app", [{"options": {"ready_within": 0}, "bounds": {"max_unfinished": 1}}], indirect=True
)
async def test_a_question_that_is_refused_is_given_up(app: GenesysApp, client: httpx.AsyncClient) -> None:
    app.gate.shut()
    uri = await ask(client, status=202)
    refused = [await client.post(QUERY, json=MARCH) for _ in range(3)]
    answered = count_questions(app)

    app.gate.open()

    assert (await finished(client, uri))["queryStatus"] == "Complete"
    assert {reply.status_code for reply in refused} == {429}
    assert answered == [MARCH_DAYS]


@pytest.mark.parametrize("app", [{"options": {"time_limit": 0.02}}], indirect=True)
async def test_a_question_that_takes_too_long_fails_and_is_logged(
    app: GenesysApp, client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    app.gate.shut()

    uri = await ask(client)

    assert await result(client, uri) == {"queryStatus": "Failed"}
    assert "did not finish in 0.02 seconds" in caplog.text
    assert uri.split("/")[-2] in caplog.text


async def test_an_unexpected_error_fails_the_execution_and_is_logged(
    app: GenesysApp,
    client: httpx.AsyncClient,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    fail_once(app, monkeypatch, RuntimeError("the secret is xyzzy"))

    with caplog.at_level(logging.ERROR):
        found = await result(client, await ask(client))

    assert found == {"queryStatus": "Failed"}
    assert "the secret is xyzzy" in caplog.text


async def test_a_busy_engine_is_asked_again(
    app: GenesysApp, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_once(app, monkeypatch, BusyError("the counts lag", retry_after=0))

    assert (await result(client, await ask(client)))["queryStatus"] == "Complete"


async def test_a_server_about_to_end_leaves_the_question_to_the_next_one(
    app: GenesysApp, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_once(app, monkeypatch, OutOfServiceError("the disk is gone"))
    uri = await ask(client, status=202)
    assert await result(client, uri) == {"queryStatus": "Running"}

    app.dialect = app.new_dialect()
    await app.dialect.start()

    async with app.client() as later:
        assert (await finished(later, uri))["queryStatus"] == "Complete"


async def test_a_question_that_cannot_be_answered_says_why_where_its_results_would_be(
    app: GenesysApp, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    pruned = InvalidInputError("its calls are pruned", field="start", accepted="2026-01-01 and later")
    fail_always(app, monkeypatch, pruned)

    reply = await client.get(await ask(client))

    assert (reply.status_code, reply.json()["code"]) == (400, "constraint.validation")
    assert reply.json()["message"] == "Its calls are pruned. Accepted: 2026-01-01 and later."


@pytest.mark.parametrize("app", [{"options": {"max_rows": 3}}], indirect=True)
async def test_an_answer_with_too_many_rows_is_refused_where_it_would_be(client: httpx.AsyncClient) -> None:
    body = {"interval": "2026-03/2026-03"}  # four clients

    reply = await client.get(await ask(client, body))

    assert (reply.status_code, reply.json()["code"]) == (400, "response.entity.too.large")
    assert "more than 3 rows" in reply.json()["message"]


async def test_a_search_pages_through_its_first_20000_records_and_ends_there(
    app: GenesysApp, client: httpx.AsyncClient
) -> None:
    noon = datetime(2020, 1, 1, 12, tzinfo=UTC)
    app.count(*({"time": noon.isoformat(), "user_id": "", "route": f"/{n:05}"} for n in range(20_001)))
    posted = await client.post(
        "/api/v2/usage/simplesearch", json={"interval": "2020/2020", "metrics": ["TemplateUri"]}
    )
    uri, after, seen, pages = posted.json()["resultsUri"], "", [], 0

    while pages == 0 or after:
        page = (await client.get(uri, params={"after": after} if after else {})).json()
        seen += [row["templateUri"] for row in page["results"]]
        after = page["cursors"].get("after", "")
        pages += 1

    assert pages == 20
    assert seen == [f"{n:05}" for n in range(20_000)]


async def test_every_row_is_on_exactly_one_page_whatever_the_sizes(
    app: GenesysApp, client: httpx.AsyncClient
) -> None:
    app.count(*({"time": "2020-01-01T12:00:00Z", "route": f"/{n:05}"} for n in range(2_500)))
    posted = await client.post(
        "/api/v2/usage/simplesearch", json={"interval": "2020/2020", "metrics": ["TemplateUri"]}
    )
    uri, after, seen = posted.json()["resultsUri"], "", []

    for size in (1, 998, 2, 700, 1000):
        page = (await client.get(uri, params={"pageSize": size, "after": after})).json()
        seen += [row["templateUri"] for row in page["results"]]
        after = page["cursors"].get("after", "")

    assert seen == [f"{n:05}" for n in range(2_500)]
    assert after == ""


@pytest.mark.parametrize("app", [{"options": {"lag_days": 1}}], indirect=True)
async def test_with_a_lag_of_a_day_today_is_not_counted(client: httpx.AsyncClient) -> None:
    assert (await result(client, await ask(client)))["results"][0]["requests"] == 10


async def test_a_post_does_not_wait_for_long(app: GenesysApp) -> None:
    app.options = {"ready_within": 0.01}
    app.dialect = app.new_dialect()
    app.gate.shut()

    async with app.client() as client:
        started = time.monotonic()
        await ask(client, status=202)

    assert time.monotonic() - started < 1


async def test_a_question_about_pruned_days_is_refused_where_its_results_would_be(
    app: GenesysApp, client: httpx.AsyncClient
) -> None:
    app.store.prune_calls(date(2026, 3, 10))
    app.store.prune_counts(date(2026, 3, 1))

    replies = [
        await client.post("/api/v2/usage/query", json={"interval": interval})
        for interval in ("2026-02-01/2026-03-12", "2026-03-02T01:00:00Z/2026-03-12T00:00:00Z")
    ]
    failed = [await client.get(reply.json()["resultsUri"]) for reply in replies]

    for reply, earliest in zip(failed, ("2026-03-01T00:00:00Z", "2026-03-10T00:00:00Z"), strict=True):
        assert (reply.status_code, reply.json()["code"]) == (400, "constraint.validation")
        assert reply.json()["message"].endswith(f"Accepted: an instant from {earliest} on.")
