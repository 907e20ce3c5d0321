"""The media type that an Accept header prefers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calltally.dialects.segment.accept import from_segment_accept
from calltally.dialects.segment.contract import MediaType

JSON, V1, BETA, ALPHA = MediaType.JSON, MediaType.V1, MediaType.V1_BETA, MediaType.V1_ALPHA


@pytest.mark.parametrize(
    ("header", "media_type"),
    [
        ("application/json", JSON),
        ("application/vnd.segment.v1+json", V1),
        ("application/vnd.segment.v1beta+json", BETA),
        ("application/vnd.segment.v1alpha+json", ALPHA),
        ("application/vnd.segment.stable+json", V1),
        ("application/vnd.segment.beta+json", BETA),
        ("application/vnd.segment.alpha+json", ALPHA),
        ("Application/VND.Segment.V1+JSON; charset=utf-8", V1),
    ],
)
def test_each_media_type_can_be_chosen_also_by_its_documented_name(
    header: str, media_type: MediaType
) -> None:
    assert from_segment_accept(header) is media_type


@pytest.mark.parametrize(
    "header",
    [
        "",
        "*/*",
        "application/*",
        "text/html",
        "application/vnd.segment.v2+json",
        "*/*;q=0",
        "application/json;q=0",
    ],
)
def test_a_header_that_names_none_of_them_is_answered_with_plain_json(header: str) -> None:
    assert from_segment_accept(header) is JSON


@pytest.mark.parametrize(
    ("header", "media_type"),
    [
        ("application/json;q=0.5, application/vnd.segment.v1+json", V1),
        ("application/json, application/vnd.segment.v1+json;q=0.999", JSON),
        ("application/vnd.segment.v1beta+json ; Q=0.9 , application/json ; q=0.1", BETA),
        ("application/vnd.segment.v1+json;q=0.2, */*", JSON),
        ("application/json;q=0, */*", V1),
        ("application/json;q=0, application/*;q=0.1, */*", V1),
        ("text/html, application/vnd.segment.v1alpha+json;q=0.001", ALPHA),
    ],
)
def test_the_heavier_weight_wins(header: str, media_type: MediaType) -> None:
    assert from_segment_accept(header) is media_type


@pytest.mark.parametrize(
    ("header", "media_type"),
    [
        ("application/vnd.segment.v1+json, application/json", V1),
        ("application/json, application/vnd.segment.v1+json", JSON),
        ("*/*, application/vnd.segment.v1beta+json", BETA),
        (
            "application/vnd.segment.v1+json, application/json, application/vnd.segment.v1beta+json",
            V1,
        ),
        ("application/vnd.segment.stable+json, application/json", V1),
    ],
)
def test_of_equal_weights_the_most_exact_wins_and_then_the_first(header: str, media_type: MediaType) -> None:
    assert from_segment_accept(header) is media_type


@pytest.mark.parametrize(
    ("header", "media_type"),
    [
        ("application/vnd.segment.v1+json;q=high", JSON),
        ("application/vnd.segment.v1+json;q=2", JSON),
        ("application/vnd.segment.v1+json;q", JSON),
        (",,;q=1,application/vnd.segment.v1+json", V1),
        ('application/json;x="a,b;q=1";q=0.1, application/vnd.segment.v1+json;q=0.2', V1),
        ('application/vnd.segment.v1+json;x="', V1),
    ],
)
def test_what_cannot_be_read_is_as_good_as_not_there(header: str, media_type: MediaType) -> None:
    assert from_segment_accept(header) is media_type


@given(st.text() | st.text('aplicton/jsvdgemb1+*;q=0., "\\').map("application/json,".__add__))
def test_any_header_is_answered(header: str) -> None:
    assert from_segment_accept(header) in MediaType
