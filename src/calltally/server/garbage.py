"""Python's garbage collector, told that this program makes few cycles and many lasting objects."""

import gc


def collect_less() -> None:
    """Takes what is alive now out of the collector's sight, and has it look less often.

    A full look at millions of dictionary entries holds up the event loop for tens of milliseconds.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 50, 100)


def collect_as_ever() -> None:
    """Undoes the freezing before the end, or the store's library takes what it finds then for leaked."""
    gc.unfreeze()
