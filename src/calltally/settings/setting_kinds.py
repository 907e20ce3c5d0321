"""The kinds of setting values: what is accepted, and how a text is parsed."""

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")

_DIGITS = re.compile(r"[0-9]{1,18}")
_SIZE = re.compile(r"([0-9]{1,18}) ?([kmgt]i?b|b)?", re.IGNORECASE)
_BYTES: dict[str, int] = {
    "b": 1,
    **{f"{prefix}b": 1000**power for power, prefix in enumerate("kmgt", 1)},
    **{f"{prefix}ib": 1024**power for power, prefix in enumerate("kmgt", 1)},
}


@dataclass(frozen=True)
class SettingKind(Generic[T]):
    """A kind of value. ``check`` accepts a typed value, from a file or a program; ``parse`` accepts a text.

    Both raise `ValueError` for other values; ``accepted`` describes the accepted ones.
    """

    name: str
    accepted: str
    check: Callable[[object], T]
    parse: Callable[[str], T]

    def read(self, value: object) -> T:
        """The value of a flag, which may be a text or a typed value. Raises `ValueError`."""
        return self.parse(value) if isinstance(value, str) else self.check(value)


def plain_text() -> SettingKind[str]:
    def check(value: object) -> str:
        if isinstance(value, str) and value.strip():
            return value
        raise ValueError

    return SettingKind("text", "text that is not blank", check, check)


def one_of(*choices: str) -> SettingKind[str]:
    def check(value: object) -> str:
        if isinstance(value, str) and value in choices:
            return value
        raise ValueError

    return SettingKind("choice", " or ".join((", ".join(choices[:-1]), choices[-1])), check, check)


def whole_number(lowest: int, highest: int) -> SettingKind[int]:
    def check(value: object) -> int:
        if isinstance(value, int) and not isinstance(value, bool) and lowest <= value <= highest:
            return value
        raise ValueError

    def parse(text: str) -> int:
        if _DIGITS.fullmatch(text):
            return check(int(text))
        raise ValueError

    return SettingKind("whole number", f"a whole number from {lowest} to {highest}", check, parse)


def days_or_for_ever(lowest: int, highest: int) -> SettingKind[int]:
    """A number of days, or 0 for no limit."""
    days = whole_number(0, highest)

    def check(value: object) -> int:
        number = days.check(value)
        if 0 < number < lowest:
            raise ValueError
        return number

    accepted = f"0, or a whole number from {lowest} to {highest}"
    return SettingKind("days", accepted, check, lambda text: check(days.parse(text)))


def size(lowest: str, highest: str) -> SettingKind[int]:
    """Bytes, also with a unit: ``64MiB`` counts by 1024, ``1GB`` by 1000."""
    least, most = bytes_of(lowest), bytes_of(highest)

    def check(value: object) -> int:
        number = bytes_of(value) if isinstance(value, str) else value
        if isinstance(number, int) and not isinstance(number, bool) and least <= number <= most:
            return number
        raise ValueError

    accepted = f"a whole number of bytes from {lowest} to {highest}, also with a unit such as 64MiB or 1GB"
    return SettingKind("size", accepted, check, check)


def addresses() -> SettingKind[tuple[str, ...]]:
    def item(text: str) -> str:
        return str(ipaddress.ip_network(text) if "/" in text else ipaddress.ip_address(text))

    return _several("addresses", "IP addresses or networks such as 10.0.0.7 or 10.0.0.0/8", item)


def patterns() -> SettingKind[tuple[str, ...]]:
    def item(text: str) -> str:
        try:
            re.compile(f"|(?:{text})")
        except re.error as error:
            raise ValueError from error
        return text

    return _several("patterns", "regular expressions", item)


def bytes_of(text: str) -> int:
    """The number of bytes of a size; raises `ValueError` for an invalid text."""
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise ValueError
    return int(match[1]) * _BYTES[(match[2] or "b").lower()]


def _several(name: str, items: str, item: Callable[[str], str]) -> SettingKind[tuple[str, ...]]:
    def check(value: object) -> tuple[str, ...]:
        if not isinstance(value, list | tuple):
            raise ValueError
        texts = [text for text in value if isinstance(text, str) and text]
        if len(texts) != len(value):
            raise ValueError
        return tuple(item(text) for text in texts)

    def parse(text: str) -> tuple[str, ...]:
        return check([part.strip() for part in text.split(",")] if text.strip() else [])

    return SettingKind(name, f"a list of {items}; in a text, separated by commas", check, parse)
