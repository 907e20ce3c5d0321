import hashlib
from datetime import timedelta
from typing import Any

import pytest

from calltally.control.executions import Executions
from calltally.executions import Execution, ExecutionOutcome, ExecutionState, TooManyExecutionsError
from tests.installations import NOON, Installation


@pytest.fixture
def executions(installation: Installation) -> Executions:
    return bounded(installation)


def bounded(installation: Installation, **bounds: Any) -> Executions:
    return Executions(installation.database, installation.clock, **bounds)


def asked(executions: Executions, *, organization: str = "acme", asked_by: str = "client-1") -> Execution:
    execution = executions.new(organization, asked_by, "query", "target", '{"what": "now?"}')
    executions.keep(execution)
    return execution


def found(executions: Executions, execution: Execution) -> Execution:
    again = executions.find(execution.organization, execution.execution_id)
    assert again is not None
    return again


def test_a_question_is_kept_as_it_was_asked(executions: Executions) -> None:
    execution = asked(executions)

    assert found(executions, execution) == execution
    assert (execution.kind, execution.target, execution.question) == ("query", "target", '{"what": "now?"}')
    assert (execution.state, execution.rows, execution.failure) == (ExecutionState.RUNNING, 0, "")


def test_nothing_knows_of_an_execution_that_was_not_kept(executions: Executions) -> None:
    execution = executions.new("acme", "client-1", "query", "target", "now?")

    assert executions.find("acme", execution.execution_id) is None
    assert executions.unfinished() == ()


def test_a_question_and_its_answer_may_be_kept_together(executions: Executions) -> None:
    complete, failed = (executions.new("acme", "client-1", "query", "target", "now?") for _ in range(2))

    executions.keep(complete, ExecutionOutcome([b"[1,2]", b"[3]"], 3))
    executions.keep(failed, ExecutionOutcome(failure="it cannot be"))

    assert (found(executions, complete).state, found(executions, complete).rows) == (
        ExecutionState.COMPLETE,
        3,
    )
    assert executions.pages(complete.execution_id, 0, 9) == [b"[1,2]", b"[3]"]
    assert (found(executions, failed).state, found(executions, failed).failure) == (
        ExecutionState.FAILED,
        "it cannot be",
    )
    assert executions.unfinished() == ()


def test_one_too_many_leaves_nothing_behind_though_it_is_answered(installation: Installation) -> None:
    executions = bounded(installation, max_unfinished=1)
    asked(executions)
    refused = executions.new("acme", "client-1", "query", "target", "now?")

    with pytest.raises(TooManyExecutionsError):
        executions.keep(refused, ExecutionOutcome([b"[1]"], 1))

    assert executions.find("acme", refused.execution_id) is None
    assert executions.pages(refused.execution_id, 0, 9) == []


def test_an_answer_is_found_page_by_page(executions: Executions) -> None:
    execution = asked(executions)

    executions.finish(execution.execution_id, ExecutionOutcome([b"[1,2]", b"[3,4]", b"[5]"], 5))

    assert found(executions, execution).state is ExecutionState.COMPLETE
    assert found(executions, execution).rows == 5
    assert executions.pages(execution.execution_id, 0, 9) == [b"[1,2]", b"[3,4]", b"[5]"]
    assert executions.pages(execution.execution_id, 1, 1) == [b"[3,4]"]
    assert executions.pages(execution.execution_id, 3, 4) == []


def test_an_answer_may_be_empty(executions: Executions) -> None:
    execution = asked(executions)

    executions.finish(execution.execution_id, ExecutionOutcome([], 0))

    assert found(executions, execution).state is ExecutionState.COMPLETE
    assert executions.pages(execution.execution_id, 0, 0) == []


def test_an_answer_stays_as_it_is(executions: Executions) -> None:
    execution = asked(executions)
    executions.finish(execution.execution_id, ExecutionOutcome([b"first"], 1))

    executions.finish(execution.execution_id, ExecutionOutcome([b"second", b"third"], 2))
    executions.finish(execution.execution_id, ExecutionOutcome(failure="never mind"))

    assert executions.pages(execution.execution_id, 0, 9) == [b"first"]
    assert found(executions, execution).state is ExecutionState.COMPLETE
    assert found(executions, execution).failure == ""


def test_a_failure_is_told_and_stays(executions: Executions) -> None:
    execution = asked(executions)
    executions.finish(execution.execution_id, ExecutionOutcome(failure="it cannot be"))

    executions.finish(execution.execution_id, ExecutionOutcome([b"after all"], 1))

    assert found(executions, execution).state is ExecutionState.FAILED
    assert found(executions, execution).failure == "it cannot be"
    assert executions.pages(execution.execution_id, 0, 9) == []


def test_no_organization_finds_the_execution_of_another(executions: Executions) -> None:
    execution = asked(executions)

    assert executions.find("globex", execution.execution_id) is None


@pytest.mark.parametrize("execution_id", ["", "nothing", "\0", "é", "x" * 1000])
def test_what_is_no_id_is_not_found(executions: Executions, execution_id: str) -> None:
    assert executions.find("acme", execution_id) is None


def test_unfinished_ones_are_there_after_a_restart_oldest_first(
    installation: Installation, executions: Executions
) -> None:
    first = asked(executions)
    installation.clock.move_to(NOON + timedelta(seconds=1))
    second, done = asked(executions, organization="globex"), asked(executions)
    executions.finish(done.execution_id, ExecutionOutcome([], 0))

    assert bounded(installation).unfinished() == (first, second)


def test_an_execution_expires_a_day_after_it_was_asked(
    installation: Installation, executions: Executions
) -> None:
    execution = asked(executions)

    installation.clock.move_to(NOON + timedelta(hours=24, milliseconds=-1))
    assert executions.unfinished() == (execution,)

    installation.clock.move_to(NOON + timedelta(hours=24))
    assert executions.find("acme", execution.execution_id) is None
    assert executions.unfinished() == ()


def test_an_answer_expires_a_day_after_it_was_given(
    installation: Installation, executions: Executions
) -> None:
    execution = asked(executions)
    installation.clock.move_to(NOON + timedelta(hours=2))
    executions.finish(execution.execution_id, ExecutionOutcome([b"[1]"], 1))

    installation.clock.move_to(NOON + timedelta(hours=26, milliseconds=-1))
    assert found(executions, execution).finished_ms == execution.created_ms + 7_200_000

    installation.clock.move_to(NOON + timedelta(hours=26))
    assert executions.find("acme", execution.execution_id) is None


def test_what_has_expired_is_removed_with_its_answer_and_nothing_else(
    installation: Installation, executions: Executions
) -> None:
    old = asked(executions)
    executions.finish(old.execution_id, ExecutionOutcome([b"[1]"], 1))
    installation.clock.move_to(NOON + timedelta(hours=1))
    young = asked(executions)
    executions.finish(young.execution_id, ExecutionOutcome([b"[2]"], 1))

    installation.clock.move_to(NOON + timedelta(hours=24))

    assert executions.remove_expired() == 1
    assert executions.remove_expired() == 0
    assert executions.pages(old.execution_id, 0, 0) == []
    assert executions.pages(young.execution_id, 0, 0) == [b"[2]"]


def test_an_execution_that_was_removed_meanwhile_takes_no_answer(
    installation: Installation, executions: Executions
) -> None:
    execution = asked(executions)
    installation.clock.move_to(NOON + timedelta(hours=24))
    executions.remove_expired()

    executions.finish(execution.execution_id, ExecutionOutcome([b"[1]"], 1))

    assert executions.pages(execution.execution_id, 0, 0) == []


def test_a_client_with_too_many_unfinished_ones_must_wait_and_others_need_not(
    installation: Installation,
) -> None:
    executions = bounded(installation, max_unfinished=2)
    first, _ = asked(executions), asked(executions)

    with pytest.raises(TooManyExecutionsError, match="2 executions of this client are not finished"):
        asked(executions)

    asked(executions, asked_by="client-2")
    asked(executions, organization="globex")
    executions.finish(first.execution_id, ExecutionOutcome(failure=""))
    asked(executions)


def test_an_organization_with_too_many_unfinished_ones_must_wait_whoever_asks(
    installation: Installation,
) -> None:
    executions = bounded(installation, max_unfinished=2)
    for client in ("client-1", "client-1", "client-2", "client-2"):
        asked(executions, asked_by=client)

    with pytest.raises(TooManyExecutionsError, match="4 executions of this organization are not finished"):
        asked(executions, asked_by="client-3")
    asked(executions, organization="globex")


def test_an_organization_with_too_many_kept_ones_must_wait_whoever_asks(installation: Installation) -> None:
    executions = bounded(installation, max_kept=3)
    for client in ("client-1", "client-2", "client-3"):
        executions.finish(asked(executions, asked_by=client).execution_id, ExecutionOutcome([b"[1]"], 1))

    with pytest.raises(TooManyExecutionsError, match="3 executions of this organization are kept"):
        asked(executions, asked_by="client-4")
    asked(executions, organization="globex")


def test_results_of_an_organization_have_only_so_many_bytes(installation: Installation) -> None:
    executions = bounded(installation, kept=timedelta(seconds=30), max_bytes=1000)
    large = ExecutionOutcome([random_bytes(600), random_bytes(600)], 2)
    late = asked(executions)
    executions.finish(asked(executions).execution_id, large)

    with pytest.raises(TooManyExecutionsError, match="1000 bytes of results of this organization"):
        asked(executions)
    executions.finish(late.execution_id, large)
    assert found(executions, late).state is ExecutionState.FAILED
    assert executions.pages(late.execution_id, 0, 9) == []
    again = bounded(installation, kept=timedelta(seconds=30), max_bytes=1000)
    with pytest.raises(TooManyExecutionsError):
        asked(again)
    installation.clock.move_to(NOON + timedelta(seconds=30))
    again.remove_expired()
    asked(again)


def random_bytes(size: int) -> bytes:
    """What cannot be packed."""
    return b"".join(hashlib.sha256(b"%d" % number).digest() for number in range(size // 32 + 1))[:size]


def test_an_organization_with_too_many_kept_ones_must_wait_for_the_first_to_expire(
    installation: Installation,
) -> None:
    executions = bounded(installation, kept=timedelta(seconds=30), max_kept=2)
    executions.finish(asked(executions).execution_id, ExecutionOutcome([], 0))
    installation.clock.move_to(NOON + timedelta(seconds=10))
    executions.finish(asked(executions).execution_id, ExecutionOutcome(failure=""))

    with pytest.raises(TooManyExecutionsError) as caught:
        asked(executions)

    assert caught.value.retry_after == 20
    installation.clock.move_to(NOON + timedelta(seconds=30))
    asked(executions)


def test_nobody_is_told_to_wait_for_longer_than_a_minute(installation: Installation) -> None:
    executions = bounded(installation, max_kept=1)
    executions.finish(asked(executions).execution_id, ExecutionOutcome(failure=""))

    with pytest.raises(TooManyExecutionsError) as caught:
        asked(executions)

    assert caught.value.retry_after == 60
