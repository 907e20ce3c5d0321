"""How this process uses the machine: memory, garbage collection and processor time."""

import contextlib
import ctypes
import gc
import os
import threading

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
"""Parameters of glibc's ``mallopt``."""

_LARGEST_KEPT = 32 * 2**20
_MOST_FREE = 128 * 2**20


def keep_freed_memory() -> None:
    """Has pieces of up to 32 MiB come from memory that stays with the process, up to 128 MiB of it unused.

    Every body, frame and column of calls is such a piece. By default each is taken from the system and given
    back, so that the system clears every page of it again. Does nothing where the allocator is another.
    """
    try:
        tune = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return
    tune(_MMAP_THRESHOLD, _LARGEST_KEPT)
    tune(_TRIM_THRESHOLD, _MOST_FREE)


def collect_less() -> None:
    """Takes what is alive now out of the collector's sight, and has it look less often.

    A full look at millions of dictionary entries holds up the event loop for tens of milliseconds.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 50, 100)


def collect_as_ever() -> None:
    """Undoes the freezing before the end, or the store's library takes what it finds then for leaked.

    Workaround: leak-reports, of `calltally.store.duckdb`.
    """
    gc.unfreeze()


def lower_priority(steps: int) -> None:
    """Makes the system prefer other threads to the calling one, and to those that it starts from here on.

    It gets what processor time others leave, and a little of what they want. There is no way back.
    """
    with contextlib.suppress(OSError):
        thread = threading.get_native_id()
        niceness = os.getpriority(os.PRIO_PROCESS, thread)
        os.setpriority(os.PRIO_PROCESS, thread, niceness + steps)
