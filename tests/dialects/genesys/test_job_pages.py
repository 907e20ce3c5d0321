"""The pages of a job, from the first to the last."""

import httpx
import pytest

from tests.dialects.genesys.genesys_app import GenesysApp
from tests.dialects.genesys.jobs import CLIENT_JOBS, JOBS, begun, count_routes


@pytest.mark.parametrize("path", [JOBS, CLIENT_JOBS])
async def test_the_next_uris_lead_to_the_end_of_a_job(
    app: GenesysApp, client: httpx.AsyncClient, path: str
) -> None:
    count_routes(app, "client-1", (f"/crowd/{number:04}" for number in range(2050)))
    uri = await begun(client, path, templateUris=[f"crowd/{number:04}" for number in range(1000)])
    pages, following = [], f"{uri}?pageSize=300"
    while following:
        pages.append((await client.get(following)).json())
        following = pages[-1].get("nextUri")

    assert [len(page["entities"]) for page in pages] == [300, 300, 300, 100]
    assert {page["selfUri"] for page in pages} == {uri}
    found = [row["templateUri"] for page in pages for row in page["entities"]]
    assert found == [f"crowd/{number:04}" for number in range(1000)]


async def test_a_job_can_have_more_rows_than_a_search(app: GenesysApp, client: httpx.AsyncClient) -> None:
    count_routes(app, "crowded", (f"/{number:05}" for number in range(20_500)))
    uri = await begun(client, oauthClientIds=["crowded"])
    following, seen = f"{uri}?pageSize=1000", 0
    while following:
        page = (await client.get(following)).json()
        seen, following = seen + len(page["entities"]), page.get("nextUri")

    assert seen == 20_500


async def test_a_page_of_a_job_has_a_hundred_rows_unless_told_otherwise(
    app: GenesysApp, client: httpx.AsyncClient
) -> None:
    count_routes(app, "crowded", (f"/crowd/{number}" for number in range(101)))
    uri = await begun(client, oauthClientIds=["crowded"])

    first = (await client.get(uri)).json()

    assert len(first["entities"]) == 100
    assert first["nextUri"].startswith(f"{uri}?pageSize=100&after=")


@pytest.mark.parametrize("query", ["pageSize=1001", "pageSize=many", "after=x", "after=AAAAAAAAAAAAAAAA"])
async def test_a_page_that_cannot_be_is_refused(client: httpx.AsyncClient, query: str) -> None:
    reply = await client.get(f"{await begun(client)}?{query}")

    assert (reply.status_code, reply.json()["code"]) == (400, "invalid.query.param.value")


async def test_a_page_over_five_mebibytes_must_be_asked_for_in_smaller_ones(
    app: GenesysApp, client: httpx.AsyncClient
) -> None:
    count_routes(app, "wordy", (f"/{number}{'x' * 60_000}" for number in range(100)))
    uri = await begun(client, oauthClientIds=["wordy"])

    whole, part = await client.get(uri), await client.get(f"{uri}?pageSize=50")

    assert (whole.status_code, whole.json()["code"]) == (400, "max.response.size.reached")
    assert "of at most 5242880. Ask for a smaller pageSize" in whole.json()["message"]
    assert (part.status_code, len(part.json()["entities"])) == (200, 50)
