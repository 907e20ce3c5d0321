import base64

import pytest

from calltally.auth.token_refusal import TokenRefusalError
from calltally.auth.token_request import TokenRequest, read_token_request

SECRET = "s3cret/+="


def read(raw: str, query: bytes = b"") -> TokenRequest:
    """Reads a request with this user and password by HTTP Basic."""
    return read_token_request(
        authorization="Basic " + base64.b64encode(raw.encode()).decode(),
        query=query or b"grant_type=client_credentials",
        content_type="",
        body=b"",
    )


def test_special_characters_by_http_basic_are_first_taken_as_they_stand() -> None:
    readings = read(f"client-1:{SECRET}").credentials

    assert readings[0] == ("client-1", SECRET)


def test_special_characters_by_http_basic_may_be_percent_encoded() -> None:
    readings = read("client-1:s3cret%2F%2B%3D").credentials

    assert readings == (("client-1", "s3cret%2F%2B%3D"), ("client-1", SECRET))


def test_a_secret_without_special_characters_has_one_reading() -> None:
    assert read("client-1:s3cret").credentials == (("client-1", "s3cret"),)


def test_a_secret_by_http_basic_may_hold_colons_and_any_script() -> None:
    assert read("client-1:s3:cr:ét").credentials == (("client-1", "s3:cr:ét"),)


def test_base64_may_come_without_its_padding() -> None:
    request = read_token_request(
        authorization="basic YTpi" + base64.b64encode(b"c").decode().rstrip("="),
        query=b"grant_type=client_credentials",
        content_type="",
        body=b"",
    )

    assert request.credentials == (("a", "bc"),)


def test_a_form_says_exactly_one_thing() -> None:
    request = read_token_request(
        authorization=None,
        query=b"",
        content_type="application/x-www-form-urlencoded",
        body=b"grant_type=client_credentials&client_id=a+b&client_secret=s3cret%2F%2B%3D&scope=x+y",
    )

    assert request == TokenRequest((("a b", SECRET),), frozenset({"x", "y"}))  # type: ignore[arg-type]


def test_parameters_that_mean_nothing_here_may_be_there_twice() -> None:
    request = read("client-1:s3cret", b"grant_type=client_credentials&resource=a&resource=b")

    assert request.scope is None


def test_a_client_id_beside_http_basic_chooses_the_reading() -> None:
    request = read("a%20b:s3cret", b"grant_type=client_credentials&client_id=a+b")

    assert request.credentials == (("a b", "s3cret"),)


def test_a_request_that_is_printed_shows_no_secret() -> None:
    request = read(f"client-1:{SECRET}")

    assert SECRET not in repr(request)
    assert SECRET not in repr(request.credentials)


def test_a_refusal_does_not_repeat_what_was_sent() -> None:
    with pytest.raises(TokenRefusalError) as caught:
        read(f"client-1:{SECRET}", b"grant_type=client_credentials&client_secret=another")

    assert SECRET not in str(caught.value)
    assert "another" not in str(caught.value)
