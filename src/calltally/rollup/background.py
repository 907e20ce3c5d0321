"""Threads whose work can wait for that of others."""

import contextlib
import os
import threading


def go_behind(steps: int) -> None:
    """Makes the system prefer other threads to the calling one, and to those that it starts from here on.

    It gets what processor time others leave, and a little of what they want. There is no way back.
    """
    with contextlib.suppress(OSError):
        thread = threading.get_native_id()
        niceness = os.getpriority(os.PRIO_PROCESS, thread)
        os.setpriority(os.PRIO_PROCESS, thread, niceness + steps)
