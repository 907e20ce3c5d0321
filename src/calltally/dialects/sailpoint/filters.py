"""The ``filters`` expression of the api-usage operations."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from calltally.errors import InvalidInputError

ACCEPTED = (
    "conditions joined by a comma or `and`: method eq, startDate gt, startDate eq, endDate lt, endDate eq, "
    'such as method eq "GET", startDate gt "2025-08-01"'
)

OPERATORS: Mapping[str, tuple[str, ...]] = {
    "method": ("eq",),
    "startDate": ("gt", "eq"),
    "endDate": ("lt", "eq"),
}
"""The fields that can be filtered, and the operators of each."""

_TOKEN = re.compile(r"""\s*(?:(?P<quoted>"(?:[^"\\]|\\["\\])*")|(?P<mark>[,()])|(?P<word>[^\s",()]+))""")
_OTHER_QUOTES = re.compile(
    "['`\u00b4\u2018-\u201f\u2032\u2033\u00ab\u00bb\u2039\u203a\u300c-\u300f\u301d-\u301f\uff02\uff07]"
)
"""Characters that are often written instead of the quotation mark."""

_ESCAPED = re.compile(r"\\(.)")


class UnreadableFiltersError(InvalidInputError):
    """The expression does not follow SailPoint's grammar, so nothing in it can be checked."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison of a filter; ``literal`` has neither quotes nor escapes."""

    field: str
    operator: str
    literal: str


class _Token(NamedTuple):
    kind: str
    text: str

    @property
    def literal(self) -> str:
        return _ESCAPED.sub(r"\1", self.text[1:-1]) if self.kind == "quoted" else self.text


_END = _Token("end", "")


def from_sailpoint_filters(text: str) -> dict[str, Condition]:
    """The conditions of an expression by field, each field at most once; an empty text has none.

    Raises `UnreadableFiltersError` for an invalid expression, and `InvalidInputError` for one that these
    operations do not support.
    """
    tokens = _tokens(text)
    conditions: dict[str, Condition] = {}
    if not text.strip():
        return conditions
    while True:
        condition = _condition(tokens, text)
        if condition.field in conditions:
            raise _unsupported(f"{condition.field} is compared more than once", text)
        conditions[condition.field] = condition
        joint = next(tokens, _END)
        if joint is _END:
            return conditions
        _check_joint(joint, text)


def _tokens(text: str) -> Iterator[_Token]:
    at, end = 0, len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at, end)
        if match is None or match.lastgroup is None:
            raise _unreadable(f"nothing can be read from {_shown(text[at:].strip())} on", text)
        token = _Token(match.lastgroup, match[match.lastgroup])
        if token.kind == "word" and (mark := _OTHER_QUOTES.search(token.text)):
            raise _unreadable(f'only " quotes a value, and {mark[0]} is outside of such quotes', text)
        yield token
        at = match.end()


def _condition(tokens: Iterator[_Token], text: str) -> Condition:
    field = next(tokens, _END)
    if field.text in ("not", "pr", "("):
        raise _unsupported(f"{field.text} is not supported", text)
    if field.kind != "word":
        raise _unreadable(f"a field was expected, not {_named(field)}", text)
    if field.text not in OPERATORS:
        raise _unsupported(f"the field {_shown(field.text)} is not supported", text)
    operator = next(tokens, _END)
    if operator.kind != "word":
        raise _unreadable(f"an operator was expected after {field.text}, not {_named(operator)}", text)
    if operator.text not in OPERATORS[field.text]:
        raise _unsupported(f"{field.text} does not support the operator {_shown(operator.text)}", text)
    literal = next(tokens, _END)
    if literal.kind not in ("quoted", "word"):
        raise _unreadable(f"a value was expected after {operator.text}, not {_named(literal)}", text)
    return Condition(field.text, operator.text, literal.literal)


def _check_joint(joint: _Token, text: str) -> None:
    if joint.text in (",", "and"):
        return
    if joint.kind == "word" and joint.text.lower() in ("or", "and"):
        raise _unsupported(f"{joint.text} is not supported", text)
    raise _unreadable(f"a comma or `and` was expected, not {_named(joint)}", text)


def _named(token: _Token) -> str:
    return "the end" if token is _END else _shown(token.text)


def _shown(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:39]}…"


def _unsupported(reason: str, text: str) -> InvalidInputError:
    return InvalidInputError(reason, field="filters", received=text, accepted=ACCEPTED)


def _unreadable(reason: str, text: str) -> UnreadableFiltersError:
    return UnreadableFiltersError(reason, field="filters", received=text, accepted=ACCEPTED)
