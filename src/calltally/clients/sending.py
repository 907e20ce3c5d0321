"""What the synchronous and the asynchronous clients do alike before anything is sent."""

import inspect
from collections.abc import Callable
from typing import Any, Final, TypeVar, get_args

from calltally import __version__
from calltally.clients.conversation import Send

C = TypeVar("C", bound=Callable[..., Any])

TIMEOUT: Final = 30.0
"""Seconds to connect, and seconds between two parts of a response."""

NOT_FOLLOWED: Final = False
"""Redirects: whoever is pointed to elsewhere would be shown the token."""


def request_parts(send: Send, timeout: float) -> dict[str, Any]:
    """What httpx builds a request from; each part of the exchange may take ``timeout`` seconds at most."""
    request = send.request
    return {
        "method": request.method,
        "url": request.address,
        "headers": {"User-Agent": f"calltally/{__version__}", **request.headers},
        "content": request.body or None,
        "timeout": timeout if send.timeout is None else min(timeout, send.timeout),
    }


def shown_as(build: Callable[..., Any], method: C, within: Any = None) -> C:
    """Gives a method that is made from a maker of questions its name, its text and its signature.

    It returns the answer where the maker returns the question, or the generic type ``within`` of answers.
    """
    signature = inspect.signature(build)
    answer = get_args(signature.return_annotation)[-1]
    answer = answer if within is None else within[answer]
    method.__module__ = build.__module__
    method.__name__, method.__qualname__ = build.__name__, build.__qualname__
    method.__doc__ = build.__doc__
    method.__signature__ = signature.replace(return_annotation=answer)  # type: ignore[attr-defined]
    return method
