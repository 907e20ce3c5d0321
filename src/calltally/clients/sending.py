"""Shared parts of the synchronous and the asynchronous client, before sending."""

import inspect
from collections.abc import Callable
from typing import Any, Final, TypeVar, get_args

from calltally import __version__
from calltally.clients.conversation import Send

C = TypeVar("C", bound=Callable[..., Any])

TIMEOUT: Final = 30.0
"""Seconds to connect, and seconds between two parts of a response."""

NOT_FOLLOWED: Final = False
"""Redirects are not followed: the other host would receive the token."""


def request_parts(send: Send, timeout: float) -> dict[str, Any]:
    """The arguments for an httpx request; each part of the exchange may take ``timeout`` seconds at most."""
    request = send.request
    return {
        "method": request.method,
        "url": request.address,
        "headers": {"User-Agent": f"calltally/{__version__}", **request.headers},
        "content": request.body or None,
        "timeout": timeout if send.timeout is None else min(timeout, send.timeout),
    }


def shown_as(build: Callable[..., Any], method: C, within: Any = None) -> C:
    """Give a method the name, docstring and signature of the function that builds its request.

    The method returns the answer where that function returns the request, or the generic type ``within`` of
    answers.
    """
    signature = inspect.signature(build)
    answer = get_args(signature.return_annotation)[-1]
    answer = answer if within is None else within[answer]
    method.__module__ = build.__module__
    method.__name__, method.__qualname__ = build.__name__, build.__qualname__
    method.__doc__ = build.__doc__
    method.__signature__ = signature.replace(return_annotation=answer)  # type: ignore[attr-defined]
    return method
