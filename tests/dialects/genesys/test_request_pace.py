"""How fast a client may ask."""

import time

import pytest

from calltally.auth.caller import Caller
from calltally.dialects.genesys.request_pace import RequestPace
from calltally.errors import TooManyRequestsError

READER = Caller("client-1", "acme", frozenset())


def test_a_client_may_make_so_many_requests_in_any_span_and_others_go_on() -> None:
    pace = RequestPace(2, 60)
    pace.take(READER)
    pace.take(READER)

    with pytest.raises(TooManyRequestsError) as caught:
        pace.take(READER)

    assert (caught.value.limit, caught.value.window) == (2, 60)
    assert 1 <= caught.value.retry_after <= 60
    pace.take(Caller("client-2", "acme", frozenset()))
    pace.take(Caller("client-1", "globex", frozenset()))


def test_after_the_time_it_is_told_a_client_may_ask_again() -> None:
    pace = RequestPace(1, 1)
    pace.take(READER)

    with pytest.raises(TooManyRequestsError) as caught:
        pace.take(READER)
    time.sleep(caught.value.retry_after + 0.05)

    pace.take(READER)
