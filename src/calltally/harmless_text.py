"""Texts that strangers wrote, made so that showing them does nothing but show them."""

import re

FORMULA_STARTS = "=+@\t\r\n\uff1d\uff0b\uff0d\uff20'-"
"""What makes a spreadsheet compute a cell, also in full width, and the apostrophe that keeps it from that.

The minus sign is last, so that these can stand in a character class of a regular expression.
"""

_STARTS = tuple(FORMULA_STARTS)

_NOT_ASCII = re.compile(r"[^\n -~]")


def for_spreadsheet(text: str) -> str:
    """A cell of text that no spreadsheet computes.

    Such a text gets an apostrophe before it, and so does one that begins with an apostrophe: taking one away
    wherever there is one gives back exactly the text. Numbers are no texts and need none.
    """
    return f"'{text}" if text.startswith(_STARTS) else text


def for_terminal(text: str) -> str:
    """A text on one line; controls, and what turns the writing direction or is not seen, become U+FFFD."""
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text)


def lines_for_terminal(text: str) -> str:
    """The same for a text of several lines."""
    return "\n".join(map(for_terminal, text.split("\n")))


def json_for_terminal(json: str) -> str:
    """The same JSON, with escapes in place of the characters that a terminal would act upon."""
    return _NOT_ASCII.sub(_escaped, json)


def _escaped(found: re.Match[str]) -> str:
    letter = found[0]
    if letter.isprintable():
        return letter
    halves = letter.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{halves[at : at + 2].hex()}" for at in range(0, len(halves), 2))
