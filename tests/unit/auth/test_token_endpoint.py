import asyncio
import base64
import logging
from collections.abc import AsyncIterator
from urllib.parse import quote_plus, urlencode

import httpx
import jwt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from calltally.control.clients import NewClient
from tests.front_door import front_door, login_server, visitor
from tests.installations import Installation
from tests.support.seeds import examples

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
BOUNDARY = "axios-1.7.9-boundary-pqLw9bhGG5Vx4yUZ1Q0hUo3rn"
MULTIPART = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
NO_CLIENT_ID = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
async def door(installation: Installation) -> AsyncIterator[httpx.AsyncClient]:
    async with front_door(installation) as opened:
        yield opened


@pytest.fixture
def client(installation: Installation) -> NewClient:
    return installation.clients.create("acme", "Billing")


def parameters(client: NewClient, **said: str) -> dict[str, str]:
    usual = {
        "grant_type": "client_credentials",
        "client_id": client.client_id,
        "client_secret": client.client_secret,
    }
    return usual | said


def multipart(fields: dict[str, str], boundary: str = BOUNDARY) -> bytes:
    """Parts as axios writes them: no file name, no type."""
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    return f"{''.join(parts)}--{boundary}--\r\n".encode()


def basic(client_id: str, client_secret: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{client_id}:{client_secret}".encode()).decode()}


async def ask(
    door: httpx.AsyncClient, content: bytes | str = b"", query: str = "", **headers: str
) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await door.post(f"/oauth/token{query}", content=content, headers=named)


async def error_of(answer: httpx.Response) -> tuple[int, str]:
    """Status and error code, after a look at what every refusal must have."""
    body = answer.json()
    assert set(body) == {"error", "error_description", "description"}
    assert body["description"] == body["error_description"]
    assert answer.headers["content-type"].startswith("application/json")
    assert answer.headers["cache-control"] == "no-store"
    return answer.status_code, body["error"]


async def test_the_reply_holds_a_token_and_how_to_use_it(door: httpx.AsyncClient, client: NewClient) -> None:
    answer = await ask(door, urlencode(parameters(client)), **FORM)

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("application/json")
    assert (answer.headers["cache-control"], answer.headers["pragma"]) == ("no-store", "no-cache")
    body = answer.json()
    claims = jwt.decode(body["access_token"], options={"verify_signature": False})
    assert body == {
        "access_token": body["access_token"],
        "token_type": "bearer",
        "expires_in": 86_400,
        "scope": "calls:backfill calls:send usage:read",
        "jti": claims["jti"],
        "org": "acme",
    }


async def test_the_token_opens_a_door(door: httpx.AsyncClient, client: NewClient) -> None:
    token = (await ask(door, urlencode(parameters(client)), **FORM)).json()["access_token"]

    answer = await door.get("/whoami", headers={"Authorization": f"Bearer {token}"})

    assert answer.json()["client_id"] == client.client_id


async def test_a_form_as_urllib3_sends_it_is_read(door: httpx.AsyncClient, client: NewClient) -> None:
    body = f"grant_type=client_credentials&client_id={client.client_id}&client_secret={client.client_secret}"

    assert (await ask(door, body, **FORM)).status_code == 200


async def test_a_form_as_go_sends_it_is_read(door: httpx.AsyncClient, client: NewClient) -> None:
    body = f"client_id={client.client_id}&client_secret={client.client_secret}&grant_type=client_credentials"

    assert (
        await ask(door, body, Content_Type="application/x-www-form-urlencoded; charset=UTF-8")
    ).status_code == 200


async def test_multipart_as_axios_sends_it_is_read(door: httpx.AsyncClient, client: NewClient) -> None:
    assert (await ask(door, multipart(parameters(client)), **MULTIPART)).status_code == 200


async def test_multipart_that_tells_the_type_of_a_field_is_read(
    door: httpx.AsyncClient, client: NewClient
) -> None:
    body = multipart(parameters(client)).replace(
        b'name="grant_type"\r\n', b'name="grant_type"\r\nContent-Type: text/plain; charset=utf-8\r\n'
    )

    assert (await ask(door, body, **MULTIPART)).status_code == 200


async def test_parameters_in_the_query_are_read(door: httpx.AsyncClient, client: NewClient) -> None:
    assert (await ask(door, query=f"?{urlencode(parameters(client))}")).status_code == 200


async def test_a_grant_type_in_the_query_and_the_rest_in_the_body_are_read(
    door: httpx.AsyncClient, client: NewClient
) -> None:
    body = urlencode({"client_id": client.client_id, "client_secret": client.client_secret})

    assert (await ask(door, body, "?grant_type=client_credentials", **FORM)).status_code == 200


async def test_the_same_value_in_query_and_body_is_no_contradiction(
    door: httpx.AsyncClient, client: NewClient
) -> None:
    assert (
        await ask(door, urlencode(parameters(client)), "?grant_type=client_credentials", **FORM)
    ).is_success


async def test_credentials_by_http_basic_are_read(door: httpx.AsyncClient, client: NewClient) -> None:
    headers = FORM | basic(client.client_id, client.client_secret)

    assert (await ask(door, "grant_type=client_credentials", **headers)).status_code == 200


async def test_credentials_by_http_basic_may_be_percent_encoded(
    door: httpx.AsyncClient, client: NewClient
) -> None:
    escaped = "".join(f"%{ord(character):02X}" for character in client.client_secret)
    headers = FORM | basic(client.client_id.replace("-", "%2d"), escaped)

    assert (await ask(door, "grant_type=client_credentials", **headers)).status_code == 200


async def test_the_same_credentials_by_http_basic_and_in_the_body_are_no_contradiction(
    door: httpx.AsyncClient, client: NewClient
) -> None:
    headers = FORM | basic(client.client_id, client.client_secret)

    assert (await ask(door, urlencode(parameters(client)), **headers)).status_code == 200


async def test_a_json_body_is_read(door: httpx.AsyncClient, client: NewClient) -> None:
    answer = await door.post("/oauth/token", json=parameters(client, audience="unknown"))

    assert answer.status_code == 200


async def test_a_body_whose_type_is_not_told_is_detected(door: httpx.AsyncClient, client: NewClient) -> None:
    as_json = "{" + ",".join(f'"{name}":"{value}"' for name, value in parameters(client).items()) + "}"

    assert (await ask(door, urlencode(parameters(client)))).status_code == 200
    assert (await ask(door, f"\n {as_json}")).status_code == 200


@pytest.mark.parametrize("grant_type", ["client_credentials", "CLIENT_CREDENTIALS", "Client_Credentials"])
async def test_the_grant_type_may_be_written_in_any_case(
    door: httpx.AsyncClient, client: NewClient, grant_type: str
) -> None:
    assert (await ask(door, urlencode(parameters(client, grant_type=grant_type)), **FORM)).status_code == 200


@pytest.mark.parametrize("grant_type", ["authorization_code", "refresh_token", "password", "null"])
async def test_other_grants_are_refused(door: httpx.AsyncClient, client: NewClient, grant_type: str) -> None:
    answer = await ask(door, urlencode(parameters(client, grant_type=grant_type)), **FORM)

    assert await error_of(answer) == (400, "unsupported_grant_type")


async def test_a_scope_that_was_granted_makes_a_token_for_no_more(
    door: httpx.AsyncClient, client: NewClient
) -> None:
    body = (await ask(door, urlencode(parameters(client, scope="usage:read")), **FORM)).json()

    answer = await door.get("/whoami", headers={"Authorization": f"Bearer {body['access_token']}"})

    assert body["scope"] == "usage:read"
    assert answer.json()["permissions"] == ["usage:read"]


async def test_a_scope_that_was_not_granted_is_refused(door: httpx.AsyncClient, client: NewClient) -> None:
    answer = await ask(door, urlencode(parameters(client, scope="usage:read calls:any-organization")), **FORM)

    assert await error_of(answer) == (400, "invalid_scope")


@pytest.mark.parametrize(
    "said",
    [{"client_secret": "wrong"}, {"client_id": NO_CLIENT_ID}, {"client_id": ""}, {"client_secret": ""}],
)
async def test_wrong_or_missing_credentials_are_refused(
    door: httpx.AsyncClient, client: NewClient, said: dict[str, str]
) -> None:
    answer = await ask(door, urlencode(parameters(client, **said)), **FORM)

    assert await error_of(answer) == (401, "invalid_client")
    assert answer.headers["www-authenticate"].startswith("Basic ")


async def test_a_wrong_secret_an_unknown_and_a_revoked_client_get_the_same_answer(
    door: httpx.AsyncClient, client: NewClient, installation: Installation
) -> None:
    wrong = await ask(door, urlencode(parameters(client, client_secret="wrong")), **FORM)
    unknown = await ask(door, urlencode(parameters(client, client_id=NO_CLIENT_ID)), **FORM)
    installation.clients.revoke(client.client_id)
    revoked = await ask(door, urlencode(parameters(client)), **FORM)

    assert wrong.content == unknown.content == revoked.content
    assert wrong.status_code == unknown.status_code == revoked.status_code == 401


@pytest.mark.parametrize(
    "authorization",
    [
        "Basic",
        "Basic ",
        "Basic !!!",
        "Basic YWJj",
        "Basic YQ",
        "Basic /////w==",
        "Basic Og==",
        "Basic " + base64.b64encode(b"a\0b:c\0d").decode(),
        "Basic " + base64.b64encode(b"%ff:%fe").decode(),
        "Bearer abc",
        "Basic é",
    ],
)
async def test_a_header_that_holds_no_credentials_is_refused(
    door: httpx.AsyncClient, authorization: str
) -> None:
    answer = await door.post(
        "/oauth/token",
        content="grant_type=client_credentials",
        headers=[
            (b"Content-Type", FORM["Content-Type"].encode()),
            (b"Authorization", authorization.encode("latin-1")),
        ],
    )

    assert await error_of(answer) == (401, "invalid_client")
    assert answer.headers["www-authenticate"].startswith("Basic ")


@pytest.mark.parametrize(
    ("headers", "query", "body"),
    [
        ({}, "", b""),
        (FORM, "", b""),
        (FORM, "", b"client_id=a&client_secret=b"),
        (FORM, "", b"grant_type=&client_id=a&client_secret=b"),
        (
            FORM,
            "",
            b"grant_type=client_credentials&grant_type=client_credentials&client_id=a&client_secret=b",
        ),
        (FORM, "", b"grant_type=client_credentials&client_id=a&client_id=b&client_secret=b"),
        (FORM, "?grant_type=password", b"grant_type=client_credentials&client_id=a&client_secret=b"),
        (FORM, "", b"grant_type=client_credentials&client_id=a%00&client_secret=b"),
        (FORM, "", b"grant_type=client_credentials&client_id=a&client_secret=%0a"),
        (FORM, "", b"grant_type=client_credentials&client_id=%ff&client_secret=b"),
        (FORM, "", b"\xff\xfe=a"),
        (FORM, "", b"grant_type=client_credentials&client_id=" + b"a" * 2000 + b"&client_secret=b"),
        (FORM, "", b"a=b&" * 200),
        (FORM | basic("a", "b"), "", b"grant_type=client_credentials&client_id=c"),
        (FORM | basic("a", "b"), "", b"grant_type=client_credentials&client_secret=c"),
        ({}, "?grant_type=%ff", b""),
        (MULTIPART, "", b""),
        (MULTIPART, "", b"garbage"),
        (MULTIPART, "", multipart({"grant_type": "client_credentials"})[:-8]),
        (MULTIPART, "", multipart({"client_id": "\0"})),
        (MULTIPART, "", multipart({"grant_type": "x"}).replace(b"\r\nx\r\n", b"\r\n\xff\xfe\r\n")),
        (MULTIPART, "", multipart({"grant_type": "x"}).replace(b"name=", b"name\xff=")),
        (MULTIPART, "", multipart({f"field-{number}": "x" for number in range(200)})),
        ({"Content-Type": "multipart/form-data"}, "", multipart({"grant_type": "x"})),
        ({"Content-Type": 'multipart/form-data; boundary=""'}, "", multipart({"grant_type": "x"})),
        ({"Content-Type": "application/json"}, "", b"{"),
        ({"Content-Type": "application/json"}, "", b"[]"),
        ({"Content-Type": "application/json"}, "", b"\xff"),
        ({"Content-Type": "application/json"}, "", b'{"grant_type": 5}'),
        (
            {"Content-Type": "application/json"},
            "",
            b'{"grant_type": "client_credentials", "client_id": "\\ud800"}',
        ),
        ({"Content-Type": "application/json"}, "", b'{"a":' + b"[" * 30_000 + b"]" * 30_000 + b"}"),
    ],
)
async def test_a_request_that_cannot_be_read_is_the_callers_mistake(
    door: httpx.AsyncClient, headers: dict[str, str], query: str, body: bytes
) -> None:
    assert await error_of(await ask(door, body, query, **headers)) == (400, "invalid_request")


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/xml", "application/octet-stream", "form"]
)
async def test_a_type_of_body_that_is_not_accepted_is_refused(
    door: httpx.AsyncClient, content_type: str
) -> None:
    answer = await ask(door, "grant_type=client_credentials", Content_Type=content_type)

    assert await error_of(answer) == (415, "invalid_request")


async def test_a_body_over_64_kib_is_refused(door: httpx.AsyncClient) -> None:
    async def in_pieces() -> AsyncIterator[bytes]:
        for _ in range(70):
            yield b"a" * 1024

    announced = await ask(door, b"a" * 70_000, **FORM)
    streamed = await door.post("/oauth/token", content=in_pieces(), headers=FORM)

    assert await error_of(announced) == (413, "invalid_request")
    assert await error_of(streamed) == (413, "invalid_request")


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
async def test_a_token_is_given_for_post_only(
    door: httpx.AsyncClient, client: NewClient, method: str
) -> None:
    answer = await door.request(method, "/oauth/token", params=parameters(client))

    assert await error_of(answer) == (405, "invalid_request")
    assert "POST" in answer.headers["allow"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=examples(150))
@given(
    content_type=st.sampled_from(
        [*FORM.values(), *MULTIPART.values(), "application/json", "", "multipart/form-data"]
    ),
    start=st.sampled_from(
        [b"", b"{", f"--{BOUNDARY}\r\n".encode(), multipart({"a": "b"})[:-4], b"grant_type="]
    ),
    rest=st.binary(max_size=200),
    query=st.binary(max_size=40),
    authorization=st.binary(max_size=40),
)
async def test_no_bytes_are_answered_with_anything_but_a_refusal(
    door: httpx.AsyncClient, content_type: str, start: bytes, rest: bytes, query: bytes, authorization: bytes
) -> None:
    answer = await door.post(
        httpx.URL("/oauth/token", query=quote_plus(query).encode()),
        content=start + rest,
        headers=[(b"Content-Type", content_type.encode()), (b"Authorization", b"Basic " + authorization)],
    )

    assert answer.status_code in (400, 401, 429)
    await error_of(answer)


async def test_the_published_keys_verify_a_token(door: httpx.AsyncClient, client: NewClient) -> None:
    token = (await ask(door, urlencode(parameters(client)), **FORM)).json()["access_token"]

    answer = await door.get("/.well-known/jwks.json")

    assert answer.status_code == 200
    keys = jwt.PyJWKSet.from_dict(answer.json())
    key = keys[jwt.get_unverified_header(token)["kid"]]
    assert (
        jwt.decode(token, key, audience="calltally", options={"verify_exp": False, "verify_iat": False})[
            "org"
        ]
        == "acme"
    )


async def test_secrets_are_neither_logged_nor_repeated(
    door: httpx.AsyncClient, client: NewClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    misplaced = {"grant_type": client.client_secret, "scope": client.client_secret}
    answers = [
        await ask(door, urlencode(parameters(client)), **FORM),
        await ask(door, urlencode(parameters(client, client_id=NO_CLIENT_ID)), **FORM),
        await ask(door, urlencode(parameters(client, grant_type=client.client_secret)), **FORM),
        await ask(door, urlencode(parameters(client, scope=client.client_secret)), **FORM),
        await ask(door, multipart(parameters(client, **misplaced))[:-9], **MULTIPART),
        await ask(door, "grant_type=client_credentials", **FORM, **basic(client.client_secret, "x")),
    ]

    logged = "\n".join(record.getMessage() + str(record.exc_info) for record in caplog.records)
    assert [answer.status_code for answer in answers] == [200, 401, 400, 400, 400, 401]
    assert client.client_secret not in logged
    assert client.client_secret not in "".join(answer.text for answer in answers)


async def test_after_many_failures_a_client_is_refused_for_a_while(
    installation: Installation, client: NewClient
) -> None:
    async with front_door(installation, failures_per_client=3) as door:
        wrong = urlencode(parameters(client, client_secret="wrong"))
        failures = [await ask(door, wrong, **FORM) for _ in range(3)]

        answer = await ask(door, urlencode(parameters(client)), **FORM)

    assert [failure.status_code for failure in failures] == [401, 401, 401]
    assert await error_of(answer) == (429, "temporarily_unavailable")
    assert 1 <= int(answer.headers["retry-after"]) <= 60


async def test_a_client_that_was_right_before_is_not_refused_for_the_failures_of_others(
    installation: Installation, client: NewClient
) -> None:
    async with front_door(installation, failures_per_client=1) as door:
        right, wrong = parameters(client), parameters(client, client_secret="wrong")
        assert (await ask(door, urlencode(right), **FORM)).status_code == 200
        assert (await ask(door, urlencode(wrong), **FORM)).status_code == 401

        assert (await ask(door, urlencode(right), **FORM)).status_code == 200
        assert (await ask(door, urlencode(wrong), **FORM)).status_code == 429


async def test_nobody_can_lock_a_client_out_from_another_address(
    installation: Installation, client: NewClient
) -> None:
    server = login_server(installation, failures_per_client=1)
    async with visitor(server, "192.0.2.1") as attacker, visitor(server, "192.0.2.2") as owner:
        await ask(attacker, urlencode(parameters(client, client_secret="wrong")), **FORM)

        assert (await ask(attacker, urlencode(parameters(client)), **FORM)).status_code == 429
        assert (await ask(owner, urlencode(parameters(client)), **FORM)).status_code == 200


@pytest.mark.parametrize(
    ("first", "second"),
    [("192.0.2.1", "192.0.2.1"), ("2001:db8::1", "2001:db8::2"), ("192.0.2.1", "::ffff:192.0.2.1")],
)
async def test_an_address_cannot_go_on_with_other_client_ids(
    installation: Installation, client: NewClient, first: str, second: str
) -> None:
    server = login_server(installation, failures_per_address=2)
    async with visitor(server, first) as guessing, visitor(server, second) as again:
        for number in range(2):
            await ask(guessing, urlencode(parameters(client, client_id=f"guess-{number}")), **FORM)

        assert (await ask(again, urlencode(parameters(client)), **FORM)).status_code == 429


async def test_guesses_sent_at_once_are_counted_like_others(
    installation: Installation, client: NewClient
) -> None:
    async with front_door(installation, failures_per_client=5) as door:
        wrong = urlencode(parameters(client, client_secret="wrong"))

        answers = await asyncio.gather(*(ask(door, wrong, **FORM) for _ in range(40)))

    assert sum(answer.status_code == 401 for answer in answers) <= 6


async def test_many_programs_may_log_in_at_once(installation: Installation) -> None:
    clients = [installation.clients.create("acme", f"client {number}") for number in range(20)]
    async with front_door(installation) as door:
        answers = await asyncio.gather(
            *(ask(door, urlencode(parameters(client)), **FORM) for client in clients)
        )

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["jti"] for answer in answers}) == 20
