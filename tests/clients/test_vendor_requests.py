"""Requests before they are sent."""

import httpx
import pytest

from calltally.clients.vendor_request import VendorRequest, path_part, query_of


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("src-1", "src-1"),
        ("a b/c", "a%20b%2Fc"),
        ("100%", "100%25"),
        ("?x#y", "%3Fx%23y"),
        ("é", "%C3%A9"),
        ("..", "%2E%2E"),
        (".", "%2E"),
        ("a+b&c=d;e", "a%2Bb%26c%3Dd%3Be"),
    ],
)
def test_whatever_an_id_holds_it_stays_one_part_of_the_path(text: str, part: str) -> None:
    assert path_part("id", text) == part
    assert httpx.URL(f"https://h/a/{part}/b").raw_path == f"/a/{part}/b".encode()


def test_an_empty_id_is_refused_by_the_name_of_its_argument() -> None:
    with pytest.raises(ValueError, match="source_id must not be empty"):
        path_part("source_id", "")


def test_parameters_that_are_not_given_are_not_sent() -> None:
    query = query_of(filters=None, limit=0, count=True, sorters="-date")

    assert query == (("limit", "0"), ("count", "true"), ("sorters", "-date"))


def test_blanks_and_signs_in_parameters_are_percent_encoded() -> None:
    request = VendorRequest("GET", "/p", (("filters", 'method eq "GET", a+b&c'),))

    assert request.address == "/p?filters=method%20eq%20%22GET%22%2C%20a%2Bb%26c"


def test_a_request_shows_neither_headers_nor_body() -> None:
    request = VendorRequest("POST", "/p", body=b"client_secret=s3cret").with_headers(
        Authorization="Bearer t0ken"
    )

    assert repr(request) == "VendorRequest(method='POST', url='/p', query=())"
