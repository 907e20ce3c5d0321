"""Texts of strangers are shown and do nothing else."""

import json
import unicodedata

import pytest

from calltally.harmless_text import for_spreadsheet, for_terminal, json_for_terminal, lines_for_terminal

EVERY_CHARACTER = "".join(map(chr, range(0x11_0000)))


def test_a_text_of_a_sender_can_do_nothing_to_a_terminal() -> None:
    assert for_terminal("Zoë\x1b[2J\n\u202e ok") == "Zoë\ufffd[2J\ufffd\ufffd ok"


@pytest.mark.parametrize(
    "character",
    ["\x1b", "\x00", "\x07", "\x7f", "\x85", "\x9b", "\u061c", "\u200f", "\u202e", "\u2066", "\u2028"],
)
def test_a_control_is_replaced_wherever_it_stands(character: str) -> None:
    assert for_terminal(f"a{character}b") == "a\ufffdb"
    assert lines_for_terminal(f"a{character}b\nc") == "a\ufffdb\nc"


def test_of_all_characters_no_control_nor_format_is_left() -> None:
    left = for_terminal(EVERY_CHARACTER)

    assert len(left) == len(EVERY_CHARACTER)
    categories = {unicodedata.category(character) for character in left}
    assert not categories & {"Cc", "Cf", "Cs", "Zl", "Zp"}


def test_json_for_a_terminal_is_the_same_json_without_controls() -> None:
    text = "".join(letter for letter in EVERY_CHARACTER if not "\ud800" <= letter <= "\udfff")
    content = json.dumps({"text": text.replace("\n", "")}, ensure_ascii=False)

    shown = json_for_terminal(content)

    assert json.loads(shown) == json.loads(content)
    assert shown.isprintable()
    assert json_for_terminal('{\n  "a": "Zoë"\n}') == '{\n  "a": "Zoë"\n}'


@pytest.mark.parametrize(
    "start", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20", "'"]
)
def test_what_a_spreadsheet_would_compute_gets_an_apostrophe(start: str) -> None:
    assert for_spreadsheet(f"{start}1+1") == f"'{start}1+1"
    assert for_spreadsheet(f"a{start}") == f"a{start}"


def test_a_text_that_is_none_or_begins_with_a_letter_stays() -> None:
    assert [for_spreadsheet(text) for text in ("", "a", "1", " =1", "ä")] == ["", "a", "1", " =1", "ä"]
