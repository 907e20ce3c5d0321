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
