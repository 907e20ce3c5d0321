"""Escaping of untrusted texts for spreadsheets and terminals."""

import re

FORMULA_STARTS = "=+@\t\r\n\uff1d\uff0b\uff0d\uff20'-"
"""The first characters that make a spreadsheet compute a cell, also in full width, and the apostrophe that
prevents it.

The minus sign is last, so that these can be in a character class of a regular expression.
"""

_STARTS = tuple(FORMULA_STARTS)

_NOT_ASCII = re.compile(r"[^\n -~]")


def for_spreadsheet(text: str) -> str:
    """A text that no spreadsheet computes.

    Such a text gets a leading apostrophe, and so does one that begins with an apostrophe: removing a leading
    apostrophe restores exactly the text. Numbers are not texts and need none.
    """
    return f"'{text}" if text.startswith(_STARTS) else text


def for_terminal(text: str) -> str:
    """A text on one line; controls, direction marks and invisible characters become U+FFFD."""
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text)


def lines_for_terminal(text: str) -> str:
    """The same for a text of several lines."""
    return "\n".join(map(for_terminal, text.split("\n")))


def json_for_terminal(json: str) -> str:
    """The same JSON, with escapes for the characters that a terminal would interpret."""
    return _NOT_ASCII.sub(_escaped, json)


def _escaped(found: re.Match[str]) -> str:
    letter = found[0]
    if letter.isprintable():
        return letter
    halves = letter.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{halves[at : at + 2].hex()}" for at in range(0, len(halves), 2))
