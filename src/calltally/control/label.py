"""Names that people give to things."""

import unicodedata

from calltally.errors import InvalidInputError

MAX_LABEL_LENGTH = 256

_CONTROL_OR_SURROGATE = ("Cc", "Cs")


def checked_label(text: str, field: str) -> str:
    """The text itself; raises `InvalidInputError` for one that cannot stand in a table or a message."""
    if not 1 <= len(text) <= MAX_LABEL_LENGTH or any(
        unicodedata.category(character) in _CONTROL_OR_SURROGATE for character in text
    ):
        accepted = f"1 to {MAX_LABEL_LENGTH} characters without control characters"
        raise InvalidInputError(
            f"{field} must be {accepted}; received {text[:MAX_LABEL_LENGTH]!r} ({len(text)} characters)",
            field=field,
            received=text,
            accepted=accepted,
        )
    return text
