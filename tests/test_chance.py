"""What tests draw at random comes from the one seed of `tests.support.seeds`: no run fails by luck."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
MODULES = sorted(path for path in TESTS.rglob("*.py") if path != TESTS / "support" / "seeds.py")

OTHER_SOURCES = ("random.", "np.random.", "numpy.random.", "secrets.", "uuid.uuid", "os.urandom")


def other_chance(source: str) -> Iterator[str]:
    """Calls that draw from elsewhere, and numbers of examples that are the same in `make deep`."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        given_a_seed = called == "random.Random" and node.args and isinstance(node.args[0], ast.Name)
        if called.startswith(OTHER_SOURCES) and not given_a_seed:
            yield ast.unparse(node)
        for keyword in node.keywords:
            if keyword.arg == "max_examples" and isinstance(keyword.value, ast.Constant):
                yield ast.unparse(node)


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.relative_to(TESTS).as_posix())
def test_a_test_draws_from_the_one_seed_only(module: Path) -> None:
    assert list(other_chance(module.read_text("utf-8"))) == []


@pytest.mark.parametrize(
    "source",
    [
        "random.Random()",
        "random.Random(4)",
        "random.Random(time.time())",
        "random.shuffle(calls)",
        "np.random.default_rng(7)",
        "secrets.token_hex()",
        "uuid.uuid4()",
        "os.urandom(8)",
        "settings(max_examples=600)",
    ],
)
def test_another_source_of_chance_is_found(source: str) -> None:
    assert list(other_chance(source)) == [source]


_DRAWING = """
import sys
from hypothesis import given, settings, strategies as st
from tests.support.seeds import examples, load_hypothesis_profile, luck, numpy_luck, seeds
load_hypothesis_profile()
if sys.argv[1:]:
    import calltally.settings.settings, calltally.dialects.genesys.contract
@settings(max_examples=examples(20))
@given(st.text(), st.integers(), st.binary())
def draw(text, number, some_bytes):
    print(ascii((text, number, some_bytes)))
draw()
print(luck("here").random(), numpy_luck(1).random(), seeds(2))
"""


def drawn(*words: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", _DRAWING, *words],
        cwd=TESTS.parent,
        env={"PATH": "", **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_what_is_drawn_does_not_depend_on_the_run_or_the_modules_that_are_loaded() -> None:
    assert drawn() == drawn("load", PYTHONHASHSEED="7")


def test_each_deep_run_draws_something_else_and_more() -> None:
    first, second = drawn(TESTS_DEEP="1"), drawn(TESTS_DEEP="1")

    assert first != second
    assert len(first.splitlines()) > 10 * len(drawn().splitlines())


def test_a_deep_run_of_a_known_seed_gets_the_same_seeds() -> None:
    last = [drawn(TESTS_DEEP="1", TESTS_SEED="12").splitlines()[-1] for _ in range(2)]

    assert last[0] == last[1]
