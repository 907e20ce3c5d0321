"""Whatever strangers write is read, or refused by an error that says so."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.fuzzing import Fuzzing
from tests.fuzz.targets import TARGETS, Target
from tests.support.seeds import examples, seed

BY_NAME = {target.name: target for target in TARGETS}


@pytest.mark.parametrize("name", BY_NAME)
def test_damaged_inputs_are_read_or_refused_by_name(name: str) -> None:
    fuzzing, count = Fuzzing(), examples(2000)

    fuzzing.feed(BY_NAME[name], f"kept {seed(0)}", count)

    assert fuzzing.inputs[name] == count


@settings(max_examples=examples(1500))
@given(st.sampled_from(TARGETS), st.one_of(st.binary(max_size=200), st.text().map(str.encode)))
def test_any_bytes_at_all_are_read_or_refused_by_name(target: Target, text: bytes) -> None:
    assert target.accepts(text) in (True, False)


@pytest.mark.parametrize("name", BY_NAME)
def test_most_of_the_kept_inputs_are_worth_damaging(name: str) -> None:
    corpus = BY_NAME[name].corpus()

    assert any(BY_NAME[name].accepts(text) for text in corpus)
    assert len(set(corpus)) == len(corpus)
