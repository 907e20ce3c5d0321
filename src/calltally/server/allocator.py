"""The system's allocator, told that large pieces of memory are wanted again at once."""

import ctypes

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
