"""The synchronous client."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, Concatenate, Generic, ParamSpec, Self, TypeVar

import httpx

from calltally.clients.conversation import Authorize, Conversation, Pause, Send, Step
from calltally.clients.exchange import Exchange
from calltally.clients.pages import K, Pages
from calltally.clients.question import Workflow
from calltally.clients.retry_policy import DEFAULT_RETRIES, RetryPolicy
from calltally.clients.sending import NOT_FOLLOWED, TIMEOUT, request_parts, shown_as
from calltally.clients.vendor import Vendor
from calltally.clients.vendor_error import VendorError

P = ParamSpec("P")
Q = TypeVar("Q")
R = TypeVar("R")
T = TypeVar("T")


class SyncClient(Generic[Q]):
    """Runs workflows with one vendor, each in the calling thread; any number of threads may call.

    ``timeout`` in seconds limits connecting, and every pause within a response. ``http`` may provide proxies
    and certificates; the caller closes it. Without it the client creates its own, which ends with the context
    or with `close`.
    """

    def __init__(
        self,
        vendor: Vendor[Q],
        *,
        timeout: float = TIMEOUT,
        retries: RetryPolicy = DEFAULT_RETRIES,
        http: httpx.Client | None = None,
    ) -> None:
        self.vendor = vendor
        self._timeout = timeout
        self._exchange = Exchange(vendor, retries)
        self._authorizing = threading.Lock()
        self._http = http or httpx.Client()
        self._owns_http = http is None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.vendor!r})"

    def close(self) -> None:
        """Close the connections, if they are this client's own."""
        if self._owns_http:
            self._http.close()

    def run(self, workflow: Workflow[T]) -> T:
        """The answer; raises a `VendorError` if there is none."""
        return self._hold(workflow.put(self._exchange))

    def walk(self, pages: Pages[R, K, T]) -> Iterator[T]:
        """All rows of all pages; each page is requested when its first row is."""
        workflow: Workflow[R] | None = pages.first
        places: set[K] = set()
        while workflow is not None:
            page = self.run(workflow)
            yield from pages.rows(page)
            workflow = pages.following(page, places)

    def _hold(self, conversation: Conversation[T]) -> T:
        try:
            step = next(conversation)
            while True:
                try:
                    result = self._take(step)
                except (httpx.RequestError, VendorError) as error:
                    step = conversation.throw(error)
                else:
                    step = conversation.send(result)
        except StopIteration as end:
            answer: T = end.value
            return answer

    def _take(self, step: Step) -> object:
        match step:
            case Send():
                request = self._http.build_request(**request_parts(step, self._timeout))
                return self._http.send(request, auth=None, follow_redirects=NOT_FOLLOWED)
            case Pause(seconds):
                time.sleep(seconds)
                return None
            case Authorize(refused, until):
                with self._authorizing:
                    return self._hold(self._exchange.token(refused, until))


def asks(build: Callable[Concatenate[Q, P], Workflow[T]]) -> Callable[Concatenate[SyncClient[Q], P], T]:
    """A method that sends what ``build`` returns, and returns the answer."""

    def ask(client: SyncClient[Q], /, *args: P.args, **kwargs: P.kwargs) -> T:
        return client.run(build(client.vendor.questions, *args, **kwargs))

    return shown_as(build, ask)


def walks(
    build: Callable[Concatenate[Q, P], Pages[Any, Any, T]],
) -> Callable[Concatenate[SyncClient[Q], P], Iterator[T]]:
    """A method that iterates over the pages that ``build`` returns."""

    def walk(client: SyncClient[Q], /, *args: P.args, **kwargs: P.kwargs) -> Iterator[T]:
        return client.walk(build(client.vendor.questions, *args, **kwargs))

    return shown_as(build, walk, Iterator)
