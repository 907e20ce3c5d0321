"""Which runs hold what the store holds, and what is left to be read from it."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import structlog

from calltally.ingest.identities.identity_run import IdentityRun
from calltally.ingest.identities.run_chain import first_chain, whole_since
from calltally.ingest.identities.run_file import Boundary, DamagedRunError, RunHead
from calltally.store.usage_store import IdentityTally, UsageStore

log = structlog.get_logger()


Chain = Sequence[IdentityRun]
"""Runs of which each begins with the cut that the one before ends with."""


def proven(runs: Sequence[IdentityRun], store: UsageStore) -> list[Chain]:
    """Those of ``runs`` that hold exactly what the store says, oldest first; the others are removed.

    A run's own word is never enough. What a chain of runs holds together has to be as many identities with
    the same exclusive or as the store has at the same positions. A run beside a proven chain that says to
    hold some of the same is of no use, whatever is in it.
    """
    left, found = list(runs), list[Chain]()
    while left:
        whole = first_chain(left)
        chain = _without_wide_ends(whole)
        left = [run for run in left if run not in whole]
        if chain and _is_proven(chain, store):
            found.append(chain)
            left = [run for run in left if _lies_behind(run.head, chain[-1].head.last)]
        else:
            log.warning(
                "runs of identities are read from the store instead",
                reason="the store does not say the same as they",
                runs=[run.path.name for run in whole],
            )
    kept = [run for chain in found for run in chain]
    for run in runs:
        if run not in kept:
            run.remove()
    return found


class Gap(NamedTuple):
    """What lies between two cuts and in no run, but for identities at the cuts' own positions."""

    since: Boundary
    end: Boundary

    @property
    def within(self) -> tuple[int, int]:
        """The first and the last position of which no run holds anything; the first is greater when there are
        none."""
        return self.since.last + 1, self.end.first - 1

    @property
    def seams(self) -> list[int]:
        """The positions that a cut goes through, of which runs hold some identities."""
        return _seams(self.since, self.end)

    @property
    def is_empty(self) -> bool:
        first, last = self.within
        return first > last and not self.seams


def gaps(chains: Sequence[Chain], last_position: int) -> Iterator[Gap]:
    """What lies before proven chains, oldest first, between them and behind them, up to a position.

    Two chains of which one ends with the cut that the other begins with were each proven without it, so there
    is a gap there too.
    """
    reached = Boundary.behind(0)
    for chain in chains:
        yield Gap(reached, chain[0].head.since)
        reached = chain[-1].head.last
    yield Gap(reached, Boundary.behind(last_position))


def _is_proven(chain: Chain, store: UsageStore) -> bool:
    """Whether a chain holds what the store does at the positions between its cuts, and else only identities
    of the positions that its cuts go through."""
    since, last = chain[0].head.since, chain[-1].head.last
    received_from_ms = whole_since([run.head for run in chain])
    if received_from_ms is None or last.last > store.position:
        return False
    held = sum((IdentityTally(run.head.size, run.head.low_xor) for run in chain), IdentityTally())
    stored = store.tally(received_from_ms, since.last + 1, last.first - 1)
    try:
        for position in _seams(since, last):
            for block in store.identities(received_from_ms, position, position):
                if found := type(chain[0]).find_in(chain, block.high, block.low):
                    stored += IdentityTally.of(block.low[found[0]])
    except DamagedRunError:
        return False
    return held == stored


def _without_wide_ends(chain: Chain) -> Chain:
    """A chain up to cuts that go through one position at most.

    Of runs that were read from the store in no order, between the same two positions, each is worth
    something only beside all of the others.
    """
    first, end = 0, len(chain)
    while first < end and _is_wide(chain[first].head.since):
        first += 1
    while first < end and _is_wide(chain[end - 1].head.last):
        end -= 1
    return chain[first:end]


def _is_wide(cut: Boundary) -> bool:
    return cut.first < cut.last


def _seams(*cuts: Boundary) -> list[int]:
    return sorted({cut.first for cut in cuts if cut.first == cut.last})


def _lies_behind(head: RunHead, cut: Boundary) -> bool:
    """Whether a run begins no earlier than with a cut's own position, and does not end there."""
    return head.since.first >= cut.last and head.last.last > cut.last
