"""Both kinds of clients against a vendor with odd manners, over real sockets."""

import asyncio
import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from calltally.clients import (
    AsyncSailPointClient,
    CredentialsError,
    NoAnswerError,
    PermissionMissingError,
    RateLimitedError,
    RejectedRequestError,
    RetryPolicy,
    SailPointClient,
    SailPointTenant,
    UnavailableError,
    UnexpectedReplyError,
    UnknownTargetError,
    VendorError,
    VendorFaultError,
)
from calltally.clients.sailpoint import ErrorResponseDto, GatewayError, RateLimitError, TotalCount
from tests.clients.conversations import Talk
from tests.clients.scripted_vendor import Reply, ScriptedVendor

SEVEN = Reply(body={"NumberOfCalls": 7})
QUICK = RetryPolicy(first_pause=0.001)


def tenant(vendor: ScriptedVendor) -> SailPointTenant:
    return SailPointTenant(vendor.base_url, "id-1", "s3cret")


def with_token(vendor: ScriptedVendor) -> SailPointTenant:
    return SailPointTenant(vendor.base_url, access_token="t0ken")


def count(client: SailPointClient) -> TotalCount:
    return client.get_total_count()


def test_an_answer_is_read_after_a_login(talk: Talk, vendor: ScriptedVendor) -> None:
    vendor.replies = [SEVEN, SEVEN]

    answers = [talk(tenant(vendor), count), talk(with_token(vendor), count)]

    assert answers == [TotalCount(7), TotalCount(7)]
    assert [heard.headers["authorization"] for heard in vendor.heard] == ["Bearer token-1", "Bearer t0ken"]
    assert len(vendor.logins) == 1


def test_a_client_names_itself(talk: Talk, vendor: ScriptedVendor) -> None:
    vendor.replies = [SEVEN]

    talk(with_token(vendor), count)

    assert vendor.heard[0].headers["user-agent"].startswith("calltally/")


def test_too_many_requests_are_repeated_after_the_time_that_is_told(
    talk: Talk, vendor: ScriptedVendor
) -> None:
    vendor.replies = [Reply(429, {"message": " Rate Limit Exceeded "}, {"Retry-After": "1"}), SEVEN]
    begun = time.monotonic()

    assert talk(with_token(vendor), count) == TotalCount(7)
    assert time.monotonic() - begun >= 1


def test_an_unavailable_vendor_is_asked_again(talk: Talk, vendor: ScriptedVendor) -> None:
    vendor.replies = [Reply(503, "busy"), Reply(502, "<html>"), SEVEN]

    assert talk(with_token(vendor), count, retries=QUICK) == TotalCount(7)


def test_a_vendor_that_stays_busy_is_given_up_with_its_own_words(talk: Talk, vendor: ScriptedVendor) -> None:
    vendor.replies = [Reply(429, {"message": " Rate Limit Exceeded "}, {"Retry-After": "0"})] * 3

    with pytest.raises(RateLimitedError, match=r"with 429: Rate Limit Exceeded$") as caught:
        talk(with_token(vendor), count, retries=RetryPolicy(attempts=3))

    assert len(vendor.heard) == 3
    assert caught.value.retry_after == 0
    assert caught.value.body == RateLimitError(" Rate Limit Exceeded ")


def test_a_wait_that_takes_too_long_is_not_begun(talk: Talk, vendor: ScriptedVendor) -> None:
    vendor.replies = [Reply(429, {"message": "later"}, {"Retry-After": "86400"})]

    with pytest.raises(RateLimitedError) as caught:
        talk(with_token(vendor), count)

    assert caught.value.retry_after == 86400


def test_a_refused_token_is_renewed_once(talk: Talk, vendor: ScriptedVendor) -> None:
    vendor.replies = [Reply(401, {"error": "JWT validation failed: JWT is expired"}), SEVEN]

    assert talk(tenant(vendor), count) == TotalCount(7)
    assert [heard.headers["authorization"] for heard in vendor.heard] == ["Bearer token-1", "Bearer token-2"]


def test_a_token_that_is_refused_twice_is_reported(talk: Talk, vendor: ScriptedVendor) -> None:
    vendor.replies = [Reply(401, {"error": "JWT validation failed"})] * 3

    with pytest.raises(CredentialsError, match="JWT validation failed") as caught:
        talk(tenant(vendor), count)

    assert caught.value.body == GatewayError("JWT validation failed")
    assert (len(vendor.heard), len(vendor.logins)) == (2, 2)


def test_a_given_token_that_is_refused_is_reported_at_once(talk: Talk, vendor: ScriptedVendor) -> None:
    vendor.replies = [Reply(401, {"error": "JWT validation failed"})]

    with pytest.raises(CredentialsError):
        talk(with_token(vendor), count)

    assert len(vendor.heard) == 1


def test_a_wrong_secret_is_reported_and_nothing_is_asked(talk: Talk, vendor: ScriptedVendor) -> None:
    vendor.tokens = [Reply(401, {"error": "invalid_client", "error_description": "wrong"})]

    with pytest.raises(CredentialsError, match="invalid_client: wrong"):
        talk(tenant(vendor), count)

    assert vendor.heard == []


REFUSAL = {
    "detailCode": "400.1.3 Illegal value",
    "trackingId": "0" * 32,
    "messages": [{"locale": "en-US", "localeOrigin": "DEFAULT", "text": "No such field."}],
    "causes": [],
}


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, RejectedRequestError),
        (403, PermissionMissingError),
        (404, UnknownTargetError),
        (409, RejectedRequestError),
        (500, VendorFaultError),
    ],
)
def test_a_refusal_carries_the_vendors_body_status_and_headers(
    talk: Talk, vendor: ScriptedVendor, status: int, kind: type[VendorError]
) -> None:
    vendor.replies = [Reply(status, REFUSAL, {"SLPT-Request-ID": "abc"})]

    with pytest.raises(kind, match=r"400.1.3 Illegal value: No such field.") as caught:
        talk(with_token(vendor), count)

    assert caught.value.vendor == "SailPoint"
    assert caught.value.status == status
    assert caught.value.headers["slpt-request-id"] == "abc"
    assert isinstance(caught.value.body, ErrorResponseDto)
    assert caught.value.body.messages[0].text == "No such field."


@pytest.mark.parametrize(
    ("content", "body"),
    [
        ("<html>Bad Gateway</html>", "<html>Bad Gateway</html>"),
        (b"", ""),
        (b"\xff\xfe", "��"),
        ('{"errorName": "x"}', {"errorName": "x"}),
        ("[" * 100_000, "[" * 100_000),
    ],
)
def test_an_error_body_of_no_known_shape_is_kept_as_it_is(
    talk: Talk, vendor: ScriptedVendor, content: str | bytes, body: object
) -> None:
    vendor.replies = [Reply(502, content)]

    with pytest.raises(UnavailableError) as caught:
        talk(with_token(vendor), count, retries=RetryPolicy(attempts=1))

    assert caught.value.body == body


@pytest.mark.parametrize(
    "content",
    [b'{"NumberOfCalls": 7', b"", b"7", b"{}", b'{"NumberOfCalls": "7"}', b"<html>", b"\xff", b"[" * 100_000],
)
def test_a_success_that_is_no_answer_is_an_error(talk: Talk, vendor: ScriptedVendor, content: bytes) -> None:
    vendor.replies = [Reply(200, content)]

    with pytest.raises(UnexpectedReplyError, match="body that cannot be read") as caught:
        talk(with_token(vendor), count)

    assert caught.value.status == 200


def test_a_response_that_ends_too_early_is_asked_for_again(talk: Talk, vendor: ScriptedVendor) -> None:
    vendor.replies = [Reply(200, b'{"NumberOfCalls": 7}', missing_bytes=10), SEVEN]

    assert talk(with_token(vendor), count, retries=QUICK) == TotalCount(7)


def test_a_vendor_that_says_nothing_is_given_up_in_time(talk: Talk, vendor: ScriptedVendor) -> None:
    vendor.replies = [Reply(seconds=0.5)]

    with pytest.raises(
        NoAnswerError, match=r"did not answer GET .*/v2025/api-usage/count: ReadTimeout"
    ) as caught:
        talk(with_token(vendor), count, timeout=0.05, retries=RetryPolicy(attempts=1))

    assert caught.value.status is None
    assert isinstance(caught.value.__cause__, httpx.ReadTimeout)


def test_nobody_at_the_address_is_an_error(talk: Talk) -> None:
    nowhere = SailPointTenant("http://127.0.0.1:1", "id-1", "s3cret")

    with pytest.raises(NoAnswerError, match="ConnectError"):
        talk(nowhere, count, retries=RetryPolicy(attempts=2, first_pause=0.001))


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_an_error_and_nobody_else_sees_the_token(
    talk: Talk, vendor: ScriptedVendor, status: int
) -> None:
    vendor.replies = [Reply(status, "", {"Location": f"{vendor.base_url}/elsewhere"}), SEVEN]

    with pytest.raises(UnexpectedReplyError) as caught:
        talk(with_token(vendor), count)

    assert caught.value.status == status
    assert [heard.target for heard in vendor.heard] == ["/v2025/api-usage/count"]


def test_a_login_that_redirects_shows_nobody_else_the_secret(talk: Talk, vendor: ScriptedVendor) -> None:
    vendor.tokens = [Reply(307, "", {"Location": f"{vendor.base_url}/elsewhere"})]

    with pytest.raises(UnexpectedReplyError):
        talk(tenant(vendor), count)

    assert vendor.heard == []


def test_no_secret_and_no_token_is_logged(
    talk: Talk, vendor: ScriptedVendor, caplog: pytest.LogCaptureFixture
) -> None:
    vendor.replies = [Reply(503, "busy"), SEVEN]

    with caplog.at_level(logging.DEBUG):
        talk(tenant(vendor), count, retries=QUICK)

    assert caplog.records
    assert "s3cret" not in caplog.text
    assert "token-1" not in caplog.text


def test_a_client_shows_where_it_goes_and_no_secret(vendor: ScriptedVendor) -> None:
    with SailPointClient(SailPointTenant(vendor.base_url, "id-1", "s3cret", access_token="t0ken")) as client:
        shown = repr(client)

    assert vendor.base_url in shown
    assert "s3cret" not in shown
    assert "t0ken" not in shown


def test_threads_that_ask_together_share_one_login(vendor: ScriptedVendor) -> None:
    vendor.replies = [SEVEN] * 8
    start = threading.Barrier(8)

    with SailPointClient(tenant(vendor)) as client, ThreadPoolExecutor(8) as threads:

        def ask(_: int) -> TotalCount:
            start.wait()
            return client.get_total_count()

        answers = list(threads.map(ask, range(8)))

    assert answers == [TotalCount(7)] * 8
    assert len(vendor.logins) == 1


async def test_tasks_that_ask_together_share_one_login(vendor: ScriptedVendor) -> None:
    vendor.replies = [SEVEN] * 8

    async with AsyncSailPointClient(tenant(vendor)) as client:
        answers = await asyncio.gather(*(client.get_total_count() for _ in range(8)))

    assert answers == [TotalCount(7)] * 8
    assert len(vendor.logins) == 1


def test_a_closed_client_closes_its_own_connections_only(vendor: ScriptedVendor) -> None:
    vendor.replies = [SEVEN]

    with httpx.Client() as http:
        with SailPointClient(with_token(vendor), http=http) as client:
            client.get_total_count()
        lent_is_closed = http.is_closed
    with SailPointClient(with_token(vendor)) as client:
        pass

    assert not lent_is_closed
    with pytest.raises(RuntimeError, match="closed"):
        client.get_total_count()


def test_headers_of_a_lent_connection_go_along_but_its_login_does_not(vendor: ScriptedVendor) -> None:
    vendor.replies = [SEVEN]

    with httpx.Client(headers={"X-Proxy": "yes"}, auth=("other", "login"), follow_redirects=True) as http:
        SailPointClient(with_token(vendor), http=http).get_total_count()

    assert vendor.heard[0].headers["x-proxy"] == "yes"
    assert vendor.heard[0].headers["authorization"] == "Bearer t0ken"
