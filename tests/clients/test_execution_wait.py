"""Waiting for an execution, as a conversation in which time passes only as the test wants."""

from dataclasses import dataclass, field

import httpx
import pytest

from calltally.clients import ExecutionFailedError, ExecutionTimeoutError, GenesysOrganization, RetryPolicy
from calltally.clients.conversation import Authorize, Pause, Send, Step
from calltally.clients.exchange import Exchange
from calltally.clients.genesys import QueryStatus, UsageResult
from calltally.clients.vendor_error import NoAnswerError, UnavailableError, UnknownTargetError
from tests.clients.conversations import hold

ORGANIZATION = GenesysOrganization("https://api.mypurecloud.ie", access_token="t0ken")


@dataclass
class SlowVendor:
    """Answers with what each request is given, the last one again and again; each request takes ``takes``."""

    responses: list[httpx.Response | httpx.RequestError]
    takes: float = 0.0
    seconds: float = 0.0
    sent_at: list[float] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)

    def wait(self, timeout: float) -> UsageResult:
        exchange = Exchange(ORGANIZATION, RetryPolicy(attempts=1), lambda: self.seconds)
        workflow = ORGANIZATION.questions.wait_for_usage_query("e-1", timeout=timeout)
        result: UsageResult = hold(workflow.put(exchange), self._came)
        return result

    def _came(self, step: Step) -> object:
        match step:
            case Authorize():
                return "t0ken"
            case Pause(seconds):
                self.pauses.append(seconds)
                self.seconds += seconds
                return None
            case Send():
                self.sent_at.append(self.seconds)
                self.seconds += self.takes
                came = self.responses.pop(0) if len(self.responses) > 1 else self.responses[0]
                if isinstance(came, httpx.RequestError):
                    raise came
                return came


def told(status: str) -> httpx.Response:
    return httpx.Response(200, json={"queryStatus": status})


def busy(**headers: str) -> httpx.Response:
    return httpx.Response(503, headers={name.replace("_", "-"): value for name, value in headers.items()})


def test_results_that_are_there_are_not_waited_for() -> None:
    vendor = SlowVendor([told("Complete")])

    assert vendor.wait(10) == UsageResult(QueryStatus.COMPLETE)
    assert vendor.pauses == []


def test_a_running_execution_is_asked_for_ever_more_rarely() -> None:
    vendor = SlowVendor([*[told("Running")] * 14, told("Complete")])

    vendor.wait(1000)

    assert vendor.pauses[:4] == [0.25, 0.375, 0.5625, 0.84375]
    assert vendor.pauses[-2:] == [15, 15]


def test_the_last_question_is_asked_when_the_time_is_over() -> None:
    vendor = SlowVendor([told("Running")])

    with pytest.raises(
        ExecutionTimeoutError, match="did not complete the execution e-1 in 2 seconds"
    ) as caught:
        vendor.wait(2)

    assert vendor.sent_at[-1] == vendor.seconds == 2
    assert caught.value.execution_id == "e-1"
    assert isinstance(caught.value, TimeoutError)


def test_no_time_to_wait_means_one_question() -> None:
    vendor = SlowVendor([told("Running")])

    with pytest.raises(ExecutionTimeoutError):
        vendor.wait(0)

    assert vendor.sent_at == [0]


def test_a_vendor_that_is_slow_to_answer_does_not_prolong_the_wait() -> None:
    vendor = SlowVendor([told("Running")], takes=3)

    with pytest.raises(ExecutionTimeoutError):
        vendor.wait(2)

    assert vendor.sent_at == [0]


def test_a_failed_execution_is_told_with_what_the_vendor_said() -> None:
    with pytest.raises(ExecutionFailedError, match="Genesys gave up the execution e-1") as caught:
        SlowVendor([told("Running"), told("Failed")]).wait(10)

    assert caught.value.body == UsageResult(QueryStatus.FAILED)


def test_a_busy_vendor_is_waited_for_as_long_as_it_asks() -> None:
    vendor = SlowVendor([busy(Retry_After="4"), told("Complete")])

    assert vendor.wait(10) == UsageResult(QueryStatus.COMPLETE)
    assert vendor.pauses == [4]


def test_a_vendor_that_is_busy_until_too_late_is_not_waited_for() -> None:
    vendor = SlowVendor([busy(Retry_After="11")])

    with pytest.raises(ExecutionTimeoutError) as caught:
        vendor.wait(10)

    assert vendor.pauses == []
    assert isinstance(caught.value.__cause__, UnavailableError)


def test_a_last_response_that_does_not_come_is_the_end_of_the_time() -> None:
    vendor = SlowVendor([httpx.ReadTimeout("slow")], takes=3)

    with pytest.raises(ExecutionTimeoutError) as caught:
        vendor.wait(2)

    assert isinstance(caught.value.__cause__, NoAnswerError)


def test_a_vendor_that_cannot_be_reached_is_told_before_the_time_is_over() -> None:
    with pytest.raises(NoAnswerError):
        SlowVendor([httpx.ConnectError("refused")]).wait(10)


def test_other_errors_end_the_wait() -> None:
    with pytest.raises(UnknownTargetError):
        SlowVendor([httpx.Response(404, json={"code": "not.found"})]).wait(10)
