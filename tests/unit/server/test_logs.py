import subprocess
import sys

import pytest

PROGRAM = """
import logging, sys
import structlog
from calltally.server.logs import configure_logs

def fail(token):
    raise RuntimeError("it broke")

configure_logs(sys.argv[1], "debug")
try:
    fail("MARKED" + "-secret")
except RuntimeError as error:
    structlog.get_logger().exception("by our logger")
    structlog.get_logger().error("by our logger", exc_info=error)
    logging.getLogger("library").exception("by a library")
"""


@pytest.mark.parametrize("form", ["console", "json"])
def test_a_failure_is_logged_with_where_it_happened_and_without_the_values_at_hand(form: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, form], capture_output=True, text=True, check=True, timeout=60
    )

    assert done.stderr.count("it broke") == 3
    assert done.stderr.count("in fail") == 3
    assert "MARKED-secret" not in done.stderr


HOSTILE = """
import logging
import structlog
from calltally.server.logs import configure_logs

configure_logs("%s", "debug")
evil = "\\x1b[2J\\x9b\\u202e\\x07"
structlog.get_logger().error(evil, client=evil, clients=[evil], error=ValueError(evil))
logging.getLogger("library").error("a library says %%s", evil)
try:
    raise ValueError(evil)
except ValueError:
    structlog.get_logger().exception("it broke")
"""


@pytest.mark.parametrize("form", ["console", "json"])
def test_no_text_of_a_stranger_in_a_log_moves_a_terminals_cursor(form: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", HOSTILE % form], capture_output=True, text=True, check=True, timeout=60
    )

    assert done.stderr.count("2J") >= 5
    assert done.stderr.replace("\n", "").isprintable()
