"""Replacement of an erased text by another."""

import json
import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote, unquote

import msgspec

from calltally.call_batch import Erasure
from calltally.dictionary import Kind

_FIELD = {Kind.USER: "user_id", Kind.ACCOUNT: "account_id"}
_NAME = {Kind.USER: "user_name", Kind.ACCOUNT: "account_name"}
_PATHS = ("path", "route")
_SEPARATORS = re.compile(r"([/?#&=])")


class Redaction:
    """Replaces an erasure's text where it is a whole path segment or the value of a field.

    Percent-encoded spellings of a path segment are replaced too.
    """

    def __init__(self, erasure: Erasure) -> None:
        self.text = erasure.text
        self._replacement = erasure.replacement
        self._field = _FIELD[erasure.kind]
        self._name = _NAME[erasure.kind]
        spellings = {self.text, quote(self.text), quote(self.text, safe=""), json.dumps(self.text)[1:-1]}
        self._spellings = [spelling.encode() for spelling in spellings]
        self._as_word = re.compile(rf"(?<!\w){re.escape(self.text)}(?!\w)")

    def path(self, path: str) -> str:
        return "/".join(map(self._part, path.split("/")))

    def routes(self, routes: Iterable[str]) -> dict[str, str]:
        """The routes that change, with their new texts, which are distinct and equal no existing route."""
        taken = set(routes)
        changed: dict[str, str] = {}
        for route in sorted(taken):
            redacted = self.path(route)
            if redacted != route:
                number = 2
                unique = redacted
                while unique in taken:
                    unique, number = f"{redacted}~{number}", number + 1
                taken.add(unique)
                changed[route] = unique
        return changed

    def content(self, content: bytes) -> bytes:
        """Redact content kept for inspection: a call as JSON, or the bytes that were sent instead.

        Content that is not JSON becomes empty if the text occurs anywhere in it.
        """
        try:
            decoded = json.loads(content)
            redacted = self._value(decoded)
        except (ValueError, RecursionError):
            return b"" if any(spelling in content for spelling in self._spellings) else content
        return content if redacted == decoded else msgspec.json.encode(redacted)

    def prose(self, prose: str) -> str:
        """A sentence that may quote the text as a word."""
        return self._as_word.sub(lambda _: self._replacement, prose)

    def _value(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._value(item) for item in value]
        if not isinstance(value, dict):
            return value
        redacted = {key: self._value_of(key, item) for key, item in value.items()}
        if value.get(self._field) == self.text and self._name in value:
            redacted[self._name] = ""
        return redacted

    def _value_of(self, key: str, value: Any) -> Any:
        if isinstance(value, list) and (key == self._field or key in _PATHS):
            return [self._value_of(key, item) for item in value]
        if isinstance(value, str):
            if key == self._field:
                return self._replacement if value == self.text else value
            return "".join(map(self._part, _SEPARATORS.split(value))) if key in _PATHS else value
        return self._value(value)

    def _part(self, part: str) -> str:
        return self._replacement if part and unquote(part) == self.text else part
