"""Cursors as text, there and back."""

import base64
import re
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calltally.dialects.segment.contract import Operation
from calltally.dialects.segment.cursor import Cursor

SOURCES = Operation.GET_DAILY_PER_SOURCE_API_CALLS_USAGE
CURSOR = Cursor(SOURCES, date(2026, 3, 4), "src-a")


def encoded(json: bytes) -> str:
    return base64.urlsafe_b64encode(json).rstrip(b"=").decode()


@given(st.sampled_from(Operation), st.dates(), st.text(st.characters(exclude_categories=["Cs"])))
def test_a_cursor_comes_back_as_it_was_and_needs_no_escaping(
    operation: Operation, day: date, source_id: str
) -> None:
    cursor = Cursor(operation, day, source_id)

    assert Cursor.from_text(cursor.text()) == cursor
    assert re.fullmatch("[A-Za-z0-9_-]+", cursor.text())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "MA==",
        "MQ",
        "x",
        "é",
        CURSOR.text() + "=",
        CURSOR.text() + "A",
        CURSOR.text()[:-1],
        f" {CURSOR.text()}",
        CURSOR.text() + "\n",
        encoded(b'["/usage/mtu/daily","2026-03-04",""]'),
        encoded(f'["{SOURCES}", "2026-03-04", "src-a"]'.encode()),
        encoded(f'["{SOURCES}","2026-02-30","src-a"]'.encode()),
        encoded(f'["{SOURCES}","2026-03-04"]'.encode()),
        encoded(f'["{SOURCES}","2026-03-04","src-a",1]'.encode()),
        encoded(f'["{SOURCES}","2026-03-04","\\ud800"]'.encode()),
        encoded(f'["{SOURCES}","2026-03-04","'.encode() + b'\xff"]'),
        encoded(b'{"operation":1}'),
        encoded(b"[" * 100_000),
    ],
)
def test_every_other_text_is_no_cursor(text: str) -> None:
    with pytest.raises(ValueError, match="it "):
        Cursor.from_text(text)


@given(st.text())
def test_any_text_is_a_cursor_or_is_refused(text: str) -> None:
    try:
        cursor = Cursor.from_text(text)
    except ValueError:
        return

    assert cursor.text() == text
